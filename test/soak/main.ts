import { parseArgs } from 'node:util';
import { setTimeout } from 'node:timers/promises';
import { composeService } from '../../src/compose.js';
import { defaultConfig } from '../../src/config.js';
import { createLog } from '../../src/ops/log.js';
import { createTestDatabase, sql, startTestServers, stopTestServers } from '../support/database.js';
import { checkLedger, checkNoOverbooking, forbidShrinkingGenerations } from '../support/ledger.js';
import { cleanUp } from '../support/process.js';
import { disagreements, holding, type Book, type Holding } from './book.js';
import { computeNode, operator, scheduler } from './clients.js';
import { buildCloud } from './cloud.js';
import { havocOf, startMember } from './havoc.js';
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

    const stop = new AbortController();
    const scene = { talk, journal, book, hosts, until: stop.signal };
    const schedulers = Number(values.schedulers);
    const clients = [
      ...Array.from({ length: schedulers }, (_, i) => scheduler(i, scene)),
      ...Array.from({ length: Math.ceil(schedulers / 2) }, (_, i) => computeNode(i, scene)),
      operator(0, scene),
    ];
    const calamities = await wreakHavoc(havocOf(members, databaseUrl), seconds, journal);
    stop.abort();
    await Promise.all(clients);

    await judge(databaseUrl, urls, book, journal);
    report(journal, book, calamities);
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

/** The invariants: of the database, of what clients were told, and of every service's responses. */
async function judge(databaseUrl: string, urls: readonly string[], book: Book, journal: Journal): Promise<void> {
  const { violations } = journal;
  const checked = async (check: Promise<void>): Promise<void> => {
    await check.catch((error: unknown) => violations.push((error as Error).message));
  };
  await checked(checkLedger(databaseUrl));
  for (const name of ['VCPU', 'MEMORY_MB', 'DISK_GB', 'SRIOV_NET_VF'])
    await checked(checkNoOverbooking(databaseUrl, name));

  const found = new Map<string, Record<string, { resources: Record<string, number> }>>();
  const rows = await sql<{ consumer: string; provider: string; name: string; used: number }>(
    databaseUrl,
    `select c.uuid as consumer, p.uuid as provider, r.name, a.used::integer
     from allocations a join consumers c on c.id = a.consumer_id
     join resource_providers p on p.id = a.resource_provider_id
     join resource_classes r on r.id = a.resource_class_id`,
  );
  for (const { consumer, provider, name, used } of rows) {
    const allocations = found.get(consumer) ?? {};
    found.set(consumer, allocations);
    (allocations[provider] ??= { resources: {} }).resources[name] = used;
  }
  const holdings = new Map<string, Holding>([...found].map(([consumer, one]) => [consumer, holding(one)]));
  violations.push(...disagreements(book, holdings));

  const service = composeService(defaultConfig({ auditInterval: 0 }), databaseUrl, createLog('silent'));
  violations.push(...(await service.topology.audit()));
  await service.close();
  for (const url of urls) {
    const wrong = await viewsThatDiffer(url, databaseUrl).catch((error: unknown) => [`${url}: ${String(error)}`]);
    violations.push(...wrong);
  }
}

/** Each question goes over a connection of its own, and so to one worker after the other. */
async function viewsThatDiffer(url: string, databaseUrl: string): Promise<string[]> {
  const rows = await sql<{ uuid: string; generation: number; usages: Record<string, number> | null }>(
    databaseUrl,
    `select p.uuid, p.generation, json_object_agg(c.name, i.used) filter (where c.name is not null) as usages
     from resource_providers p left join inventories i on i.resource_provider_id = p.id
     left join resource_classes c on c.id = i.resource_class_id group by p.uuid, p.generation`,
  );
  const wrong: string[] = [];
  for (const { uuid, generation, usages } of rows) {
    const response = await fetch(`${url}/resource_providers/${uuid}/usages`, {
      headers: { 'x-auth-token': 'admin', connection: 'close' },
    });
    const body = (await response.json()) as { resource_provider_generation: number; usages: Record<string, number> };
    const same = Object.entries(usages ?? {}).every(([name, used]) => body.usages[name] === used);
    if (!same || body.resource_provider_generation !== generation) {
      wrong.push(
        `${url} says of ${uuid} ${JSON.stringify(body)}, the database ${generation} ${JSON.stringify(usages)}`,
      );
    }
  }
  return wrong;
}

function report({ kinds, violations }: Journal, book: Book, calamities: ReadonlyMap<string, number>): void {
  console.table(
    Object.fromEntries(
      [...kinds].sort().map(([kind, { milliseconds, outcomes }]) => {
        const sorted = milliseconds.sort((a, b) => a - b);
        const at = (share: number): number => Number(sorted[Math.floor((sorted.length - 1) * share)]!.toFixed(1));
        const ended = [...outcomes].sort().map(([outcome, count]) => `${outcome}: ${count}`);
        return [kind, { median: at(0.5), p99: at(0.99), max: at(1), ended: ended.join(', ') }];
      }),
    ),
  );
  for (const [name, times] of calamities) console.log(`${times} times ${name}`);
  console.log(
    `${book.known.size} consumers compared with their last response, ${book.unknown.length} changes without one`,
  );
  for (const violation of violations.slice(0, 50)) console.log(`VIOLATION ${violation}`);
  console.log(violations.length === 0 ? 'No violations.' : `${violations.length} violations.`);
}
