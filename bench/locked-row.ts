import http from 'node:http';
import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import pg from 'pg';
import { startEmbedded } from '../src/db/embedded.js';
import { createClient, headersOf } from './client.js';
import { runLoad } from './load.js';
import { processorSecondsOfAll } from './processor-time.js';
import type { Conversations, Request } from './scenario.js';
import { claimOn } from './scenarios/claims.js';
import { startService } from './servers.js';
import { createRoomyNodes, putInventories } from './world.js';

const HELP = `usage: npm run bench:locked-row -- [options]

What claims for other providers notice while a session outside of the service holds the row
of one provider. Rounds with and without the lock alternate, under the same load: some
clients claim from the others, one after the other, and each 50th claim is one more for that
provider, whose response no client waits for. The aim with the lock: 80 % of the rate, and a
p99 under 300 ms.

  --waiting WHAT  what waits for the row: claims (default), or inventories: 30 PUT of
                  inventories besides, sent when the round begins
  --clients N     (50)
  --providers N   the others (200)
  --rounds N      of each kind (8), after one that only warms up
  --seconds N     length of a round (4)
`;

const { values } = parseArgs({
  options: {
    help: { type: 'boolean', short: 'h' },
    waiting: { type: 'string', default: 'claims' },
    clients: { type: 'string', default: '50' },
    providers: { type: 'string', default: '200' },
    rounds: { type: 'string', default: '8' },
    seconds: { type: 'string', default: '4' },
  },
});

/** Claims for other providers to one that goes to the provider: 2 % of all. */
const OTHERS_TO_ONE = 49;
const PUTS = 30;

/** One round, as the clients of other providers saw it. */
interface Round {
  readonly perSecond: number;
  readonly p50: number;
  readonly p99: number;
  readonly max: number;
  /** Microseconds of all processors, PostgreSQL's and the service's, for each of their claims. */
  readonly processor: number;
  /** How many requests for the provider had no response when the round ended. */
  readonly waited: number;
  /** Statuses of all requests for the provider, after the lock was released. */
  readonly statuses: readonly number[];
}

interface World {
  readonly url: string;
  readonly sql: pg.Client;
  readonly pids: readonly number[];
  readonly provider: string;
  readonly others: readonly string[];
}

const agent = new http.Agent({ keepAlive: true });

/** Sends a request over a connection that no other request waits for; resolves to the status. */
function send(url: string, { method, path, body }: Request): Promise<number> {
  return new Promise((resolve, reject) => {
    const headers = { ...headersOf(), 'content-type': 'application/json' };
    const request = http.request(`${url}${path}`, { method, headers, agent }, (response) => {
      response.resume().once('end', () => {
        resolve(response.statusCode ?? 0);
      });
    });
    request.once('error', reject).end(JSON.stringify(body));
  });
}

async function measure(world: World, isLocked: boolean): Promise<Round> {
  const { url, sql, pids, provider, others } = world;
  const processorTime = async (): Promise<number> =>
    (await Promise.all(pids.map(processorSecondsOfAll))).reduce((sum, seconds) => sum + seconds, 0);
  const times: number[] = [];
  const statuses: number[] = [];
  const sent: Promise<void>[] = [];
  const sendAside = (request: Request): void => {
    sent.push(send(url, request).then((status) => void statuses.push(status)));
  };
  let claims = 0;
  const conversations: Conversations = (connection) => {
    let at = connection * 7;
    let request: Request | null = null;
    let began = 0;
    return {
      next() {
        if (request === null && ++claims % OTHERS_TO_ONE === 0) sendAside(claimOn(provider));
        began = performance.now();
        return (request ??= claimOn(others[at % others.length]!));
      },
      responded(status) {
        times.push(performance.now() - began);
        at++;
        request = null;
        return status === 204;
      },
    };
  };
  if (isLocked) {
    await sql.query('begin');
    await sql.query('select from resource_providers where uuid = $1 for update', [provider]);
  }
  const before = await processorTime();
  if (values.waiting === 'inventories') {
    const { rows } = await sql.query<{ generation: number }>(
      'select generation from resource_providers where uuid = $1',
      [provider],
    );
    const roomy = { total: 2_000_000_000 };
    const inventories = { VCPU: roomy, MEMORY_MB: roomy, DISK_GB: roomy };
    for (let i = 0; i < PUTS; i++) sendAside(putInventories(provider, rows[0]!.generation, inventories));
  }
  const load = { url, connections: Number(values.clients), seconds: Number(values.seconds) };
  const result = await runLoad(load, conversations);
  const after = await processorTime();
  const waited = sent.length - statuses.length;
  if (isLocked) await sql.query('rollback');
  await Promise.all(sent);
  if (result.wrong > 0) throw new Error(`${result.wrong} wrong responses, such as ${result.example}`);
  const sorted = times.toSorted((a, b) => a - b);
  const at = (share: number): number => sorted[Math.floor((sorted.length - 1) * share)] ?? NaN;
  return {
    perSecond: result.requestsPerSecond,
    ...{ p50: at(0.5), p99: at(0.99), max: at(1) },
    processor: ((after - before) * 1e6) / times.length,
    waited,
    statuses,
  };
}

/** Minimum, median and maximum. */
function shown(figures: readonly number[], digits: number): string {
  const sorted = figures.toSorted((a, b) => a - b);
  const median = (sorted[(sorted.length - 1) >> 1]! + sorted[sorted.length >> 1]!) / 2;
  return [sorted[0]!, median, sorted.at(-1)!].map((figure) => figure.toFixed(digits).padStart(9)).join('');
}

function report(free: readonly Round[], locked: readonly Round[]): void {
  const line = (text: string, figures: readonly number[], digits = 0): void => {
    console.log(`${text.padEnd(46)}${shown(figures, digits)}`);
  };
  console.log(`${' '.repeat(46)}      min   median      max`);
  const kinds = [
    ['without the lock', free],
    ['with the lock', locked],
  ] as const;
  for (const [name, rounds] of kinds) {
    line(
      `${name}: claims a second`,
      rounds.map((round) => round.perSecond),
    );
    line(
      `${name}: p50, ms`,
      rounds.map((round) => round.p50),
      1,
    );
    line(
      `${name}: p99, ms`,
      rounds.map((round) => round.p99),
      1,
    );
    line(
      `${name}: longest, ms`,
      rounds.map((round) => round.max),
      1,
    );
    line(
      `${name}: processor time of a claim, µs`,
      rounds.map((round) => round.processor),
    );
    line(
      `${name}: requests that wait for the row`,
      rounds.map((round) => round.waited),
    );
  }
  line(
    'claims a second, with the lock / without',
    locked.map((round, i) => round.perSecond / free[i]!.perSecond),
    3,
  );
  const counts = new Map<number, number>();
  for (const status of locked.flatMap((round) => round.statuses)) counts.set(status, (counts.get(status) ?? 0) + 1);
  const words = Array.from(counts, ([status, count]) => `${count} x ${status}`).join(', ');
  console.log(`those that waited, when the row was free again: ${words}`);
}

async function main(): Promise<void> {
  if (values.help === true) {
    console.log(HELP);
    return;
  }
  if (!['claims', 'inventories'].includes(values.waiting)) throw new Error('--waiting is claims or inventories');
  const folder = await mkdtemp(path.join(os.tmpdir(), 'stockroom-bench-'));
  const database = await startEmbedded({ dataDir: folder });
  const sql = new pg.Client({ connectionString: database.connectionString });
  try {
    const service = await startService(database.connectionString, []);
    await sql.connect();
    try {
      const { rows } = await sql.query<{ pid: string }>(
        `select split_part(pg_read_file('postmaster.pid'), E'\\n', 1) as pid`,
      );
      const [provider = '', ...others] = await createRoomyNodes(
        createClient(service.url, () => undefined),
        Number(values.providers) + 1,
      );
      const world = { url: service.url, sql, pids: [Number(rows[0]?.pid), service.pid], provider, others };
      const [free, locked]: [Round[], Round[]] = [[], []];
      const rounds = Number(values.rounds);
      for (let round = 0; round <= rounds; round++) {
        // Which of the two comes first changes with the round.
        const order = round % 2 === 0 ? [false, true] : [true, false];
        for (const isLocked of order) {
          const measured = await measure(world, isLocked);
          if (round > 0) (isLocked ? locked : free).push(measured);
          const { perSecond, p99, waited } = measured;
          console.error(
            `round ${round} of ${rounds}, ${isLocked ? 'with' : 'without'} the lock: ${perSecond.toFixed(0)} claims a second, p99 ${p99.toFixed(0)} ms, ${waited} wait`,
          );
        }
      }
      report(free, locked);
    } finally {
      agent.destroy();
      await sql.end();
      await service.stop();
    }
  } finally {
    await database.stop();
    await rm(folder, { recursive: true, force: true });
  }
}

await main();
