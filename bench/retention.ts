import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import pg from 'pg';
import { defaultConfig } from '../src/config.js';
import { openPool } from '../src/db/database.js';
import { startEmbedded } from '../src/db/embedded.js';
import type { Pool } from '../src/db/pool.js';
import { enforceRetention } from '../src/history/retention.js';
import { createLog } from '../src/ops/log.js';
import { createClient } from './client.js';
import { runLoad } from './load.js';
import type { Conversations } from './scenario.js';
import { claims } from './scenarios/claims.js';
import { startService } from './servers.js';

const HELP = `usage: npm run bench:retention -- [options]

What claims notice while partitions of the history are made and dropped, one day after the other without a pause
(docs/adr/0026): latencies, and how long writers wait for a lock on a table of the history. A writer waits behind a
step that waits for its lock, at most as long as the step does, which is the lock timeout of 50 ms.

  --rounds N       (6)
  --seconds N      length of one measurement (4)
  --connections N  (16)
  --rows N         changes of each day that is dropped (20000)
  --net N          changes of today in the default partition when the first partitions are made (1000000)
`;

const { values } = parseArgs({
  options: {
    help: { type: 'boolean', short: 'h' },
    rounds: { type: 'string', default: '6' },
    seconds: { type: 'string', default: '4' },
    connections: { type: 'string', default: '16' },
    rows: { type: 'string', default: '20000' },
    net: { type: 'string', default: '1000000' },
  },
});
const DAY_MS = 86_400_000;

type Situation = 'without' | 'with retention' | 'beside an open writer' | 'the first partitions';

interface Figures {
  readonly latencies: number[];
  /** Milliseconds that writers had waited for a lock on a table of the history, as often as one was seen. */
  readonly waits: number[];
  steps: number;
}

const none = (): Figures => ({ latencies: [], waits: [], steps: 0 });
const figures: Record<Situation, Figures> = {
  without: none(),
  'with retention': none(),
  'beside an open writer': none(),
  'the first partitions': none(),
};

/** Sessions other than those of the retention that wait, and for how long. A step of the retention asks for AccessExclusiveLock. */
const WAITS = `
  select extract(epoch from clock_timestamp() - waitstart)::float8 * 1000 as ms from pg_locks
  where not granted and mode <> 'AccessExclusiveLock' and mode <> 'ShareUpdateExclusiveLock' and waitstart is not null
    and relation::regclass::text like 'history\\_%'`;

async function main(): Promise<void> {
  if (values.help === true) {
    console.log(HELP);
    return;
  }
  const [rounds = 0, seconds = 0, connections = 0, rows = 0, net = 0] = [
    values.rounds,
    values.seconds,
    values.connections,
    values.rows,
    values.net,
  ].map(Number);
  const folder = await mkdtemp(path.join(os.tmpdir(), 'stockroom-bench-'));
  const database = await startEmbedded({ dataDir: folder });
  const service = await startService(database.connectionString, []);
  const client = new pg.Client({ connectionString: database.connectionString });
  const monitor = new pg.Client({ connectionString: database.connectionString });
  const writer = new pg.Client({ connectionString: database.connectionString });
  const pool = openPool(defaultConfig(), database.connectionString, createLog('silent'));
  try {
    for (const one of [client, monitor, writer]) await one.connect();
    const world = await claims.prepare(createClient(service.url, () => undefined));
    const conversations = typeof world === 'function' ? world : world.conversations;
    const load = { url: service.url, connections, seconds };
    const measure = async (situation: Situation, beside: (isOver: () => boolean) => Promise<void>): Promise<void> => {
      let isOver = false;
      const others = [beside(() => isOver), watch(monitor, figures[situation].waits, () => isOver)];
      const { wrong, example } = await runLoad(load, timed(conversations, figures[situation].latencies));
      isOver = true;
      await Promise.all(others);
      if (wrong > 0) throw new Error(`${wrong} wrong responses, such as ${example}`);
    };
    await runLoad({ ...load, seconds: 2 }, conversations);

    const today = new Date();
    await emptyNet(client, today);
    await fill(client, 'history_changes_default', today, net);
    await measure('the first partitions', async () => {
      await sleep((seconds * 1000) / 2);
      await enforceRetention(pool, 0, today);
      figures['the first partitions'].steps++;
    });
    await emptyNet(client, today);
    await enforceRetention(pool, 0, today);
    // Days of the past, which a clock that goes on drops one after the other.
    let day = 0;
    const kept = rounds * 200;
    await client.query('select history_make_partitions($1::date, $2)', [
      new Date(today.getTime() - kept * DAY_MS),
      kept,
    ]);
    const dropDays = async (situation: Situation, isOver: () => boolean): Promise<void> => {
      while (!isOver() && day < kept) {
        const oldest = new Date(today.getTime() - (kept - day) * DAY_MS);
        await fill(client, `history_changes_${name(oldest)}`, oldest, rows);
        await dropDay(pool, oldest);
        day++;
        figures[situation].steps++;
      }
    };
    for (let round = 0; round < rounds; round++) {
      await measure('without', () => Promise.resolve());
      await measure('with retention', (isOver) => dropDays('with retention', isOver));
      await measure('beside an open writer', async (isOver) => {
        const reopened = (async () => {
          // It changes nothing that claims change, and holds the locks that each writer of the history holds.
          while (!isOver()) {
            await writer.query(`begin; insert into traits (name) values ('CUSTOM_OPEN')`);
            await sleep(500);
            await writer.query('rollback');
          }
        })();
        await dropDays('beside an open writer', isOver);
        await reopened;
      });
      console.error(`round ${round + 1} of ${rounds}`);
    }
    report();
  } finally {
    for (const one of [client, monitor, writer]) await one.end();
    await pool.close();
    await service.stop();
    await database.stop();
    await rm(folder, { recursive: true, force: true });
  }
}

const name = (day: Date): string => day.toISOString().slice(0, 10).replaceAll('-', '');

/** Makes and drops what the ten minutes of one round of the retention do, of a day that is the oldest. */
async function dropDay(pool: Pool, oldest: Date): Promise<void> {
  const days = Math.round((Date.now() - oldest.getTime()) / DAY_MS);
  await enforceRetention(pool, days - 1, new Date());
}

/** The service has made partitions when it started: the present day shall be in the default partition, as after an import. */
async function emptyNet(client: pg.Client, today: Date): Promise<void> {
  await client.query('truncate history_changes_default, history_requests_default');
  for (let ahead = 0; ahead < 9; ahead++) {
    const day = name(new Date(today.getTime() + ahead * DAY_MS));
    for (const table of ['history_changes', 'history_requests'])
      await client.query(`drop table if exists ${table}_${day}`);
  }
}

async function fill(client: pg.Client, table: string, day: Date, rows: number): Promise<void> {
  await client.query(
    `insert into ${table} (kind, provider_id, consumer_id, before, after, at)
     select 1, 1 + n % 1000, n, null, '{"VCPU": 1, "MEMORY_MB": 512, "DISK_GB": 1}', $2 from generate_series(1, $1::integer) n`,
    [rows, day],
  );
}

async function watch(monitor: pg.Client, waits: number[], isOver: () => boolean): Promise<void> {
  while (!isOver()) {
    const { rows } = await monitor.query<{ ms: number }>(WAITS);
    waits.push(...rows.map(({ ms }) => ms));
    await sleep(3);
  }
}

/** The same conversations, noting the milliseconds of each. */
function timed(conversations: Conversations, latencies: number[]): Conversations {
  return (connection) => {
    const one = conversations(connection);
    let start = 0;
    return {
      next() {
        start = performance.now();
        return one.next();
      },
      responded(status, body) {
        latencies.push(performance.now() - start);
        return one.responded(status, body);
      },
    };
  };
}

function report(): void {
  const at = (sorted: readonly number[], share: number): string =>
    (sorted[Math.floor((sorted.length - 1) * share)] ?? 0).toFixed(1);
  console.table(
    Object.entries(figures).map(([situation, { latencies, waits, steps }]) => {
      const sorted = latencies.toSorted((a, b) => a - b);
      return {
        situation,
        claims: sorted.length,
        steps,
        'median, ms': at(sorted, 0.5),
        '99 %, ms': at(sorted, 0.99),
        'max, ms': at(sorted, 1),
        'writers seen waiting': waits.length,
        'longest wait, ms': Math.max(0, ...waits).toFixed(1),
      };
    }),
  );
}

await main();
