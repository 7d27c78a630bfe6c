import { parseArgs } from 'node:util';
import { setTimeout } from 'node:timers/promises';
import { createTestDatabase, startTestServers, stopTestServers } from '../support/database.js';
import { forbidShrinkingGenerations } from '../support/ledger.js';
import { cleanUp } from '../support/process.js';
import type { Book } from './book.js';
import { startNova } from './clients.js';
import { buildCloud } from './cloud.js';
import { havocOf, startMember } from './havoc.js';
import { checkInvariants, reportTalk } from './check-invariants.js';
import { createTalk, type Journal } from './talk.js';

const HELP = `usage: npm run soak -- [--minutes N] [--services N] [--workers N] [--schedulers N] [--hosts N] [--havoc SECONDS]

Mixed traffic as of Nova from several clients at several service processes on one PostgreSQL, while processes and
database sessions are killed. In the end the database and every service are held against what clients were told.
Exit code 0 when nothing was found wrong.

  --minutes N     how long the traffic runs (2)
  --services N    service processes (2)
  --workers N     workers of each (2)
  --schedulers N  clients that claim, move and delete (8); with them come half as many compute nodes, and an operator
  --hosts N       compute nodes, each with two devices (40)
  --havoc N       seconds between two calamities (5); 0: none`;

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '2' },
    services: { type: 'string', default: '2' },
    workers: { type: 'string', default: '2' },
    schedulers: { type: 'string', default: '8' },
    hosts: { type: 'string', default: '40' },
    havoc: { type: 'string', default: '5' },
    help: { type: 'boolean', short: 'h', default: false },
  },
});
if (values.help) console.log(HELP);
else process.exitCode = (await soak()) ? 0 : 1;

async function soak(): Promise<boolean> {
  const seconds = Number(values.minutes) * 60;
  await startTestServers(1);
  try {
    const databaseUrl = await createTestDatabase();
    await forbidShrinkingGenerations(databaseUrl);
    const env = {
      OS_PLACEMENT_DATABASE__CONNECTION: databaseUrl,
      OS_OSLO_POLICY__ENFORCE_NEW_DEFAULTS: 'false',
      STOCKROOM_LOG_LEVEL: 'error',
    };
    const members = await Promise.all(
      Array.from({ length: Number(values.services) }, () => startMember(['--workers', values.workers], env)),
    );
    const urls = members.map(({ url }) => url);
    const journal: Journal = { kinds: new Map(), violations: [] };
    const book: Book = { known: new Map(), unknown: [] };
    const talk = createTalk(urls, journal);
    const hosts = await buildCloud(talk, Number(values.hosts));
    console.log(`${hosts.length} hosts; traffic for ${seconds} s at ${urls.join(', ')}`);

    const load = startNova({ talk, journal, book, hosts }, Number(values.schedulers));
    const calamities = await wreakHavoc(havocOf(members, databaseUrl), seconds, journal);
    await load.stop();

    await checkInvariants(databaseUrl, urls, book, journal);
    for (const [name, times] of calamities) console.log(`${times} times ${name}`);
    reportTalk(journal, book);
    return journal.violations.length === 0;
  } finally {
    await cleanUp();
    await stopTestServers();
  }
}

/** One after the other until the time is up; progress each time. @returns how often each happened */
async function wreakHavoc(
  havoc: ReturnType<typeof havocOf>,
  seconds: number,
  journal: Journal,
): Promise<Map<string, number>> {
  const happened = new Map<string, number>();
  const until = performance.now() + seconds * 1000;
  const pause = Number(values.havoc) * 1000;
  for (let turn = 0; performance.now() < until; turn++) {
    await setTimeout(Math.min(pause === 0 ? 5000 : pause, until - performance.now()));
    const requests = [...journal.kinds.values()].reduce((sum, { milliseconds }) => sum + milliseconds.length, 0);
    const left = Math.max(0, Math.round((until - performance.now()) / 1000));
    console.log(`${left} s to go, ${requests} requests, ${journal.violations.length} violations`);
    const one = havoc[turn % havoc.length];
    if (pause === 0 || one === undefined || left === 0) continue;
    console.log(one.name);
    await one.wreak();
    happened.set(one.name, (happened.get(one.name) ?? 0) + 1);
  }
  return happened;
}
