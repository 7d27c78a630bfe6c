import { mkdtemp, readFile, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import pg from 'pg';
import { startEmbedded } from '../src/db/embedded.js';
import { createTalk, type Talk } from '../test/linearizable/talk.js';
import { headersOf } from './client.js';
import { writeFlatHosts } from './flat-hosts.js';
import { processorSeconds, processorSecondsOfAll } from './processor-time.js';
import { startService, type StartedServer } from './servers.js';

const HELP = `usage: npm run bench:many -- [options]

What many small processes on one PostgreSQL cost: connections, memory, and the processor time of PostgreSQL and of all processes while
nothing is asked, while one of them writes, while all of them are read, and with both. The rates are the same for any number of processes.

  --processes N,N,...  numbers of service processes (1,2,8,32)
  --hosts N            size of the cloud (1000)
  --writes N           PUTs of inventories a second through the first process (50)
  --reads N            GETs of a provider a second, through one process after the other (160)
  --seconds N          length of one measurement (10)
  --pool N             max_pool_size of each process; max_overflow is as large (1)
`;

const { values } = parseArgs({
  options: {
    help: { type: 'boolean', short: 'h' },
    processes: { type: 'string', default: '1,2,8,32' },
    hosts: { type: 'string', default: '1000' },
    writes: { type: 'string', default: '50' },
    reads: { type: 'string', default: '160' },
    seconds: { type: 'string', default: '10' },
    pool: { type: 'string', default: '1' },
  },
});

/** Processes that start at the same time. */
const AT_ONCE = 4;
/** Reads and writes that may be under way at a time. */
const CLIENTS = 16;

if (values.help === true) console.log(HELP);
else await measureAll();

async function measureAll(): Promise<void> {
  const folder = await mkdtemp(path.join(os.tmpdir(), 'stockroom-many-'));
  const database = await startEmbedded({ dataDir: folder, settings: { fsync: 'off' } });
  const columns: Record<string, Record<string, string>> = {};
  try {
    // The first start makes the tables.
    await (await startService(database.connectionString, [])).stop();
    await writeFlatHosts(database.connectionString, Number(values.hosts));
    const client = new pg.Client({ connectionString: database.connectionString });
    await client.connect();
    try {
      for (const count of values.processes.split(',').map(Number))
        columns[count] = await measure(client, database.connectionString, count);
    } finally {
      await client.end();
    }
  } finally {
    await database.stop();
    await rm(folder, { recursive: true, force: true });
  }
  // A column for each number of processes: the names of the rows are long.
  const names = Object.keys(Object.values(columns)[0] ?? {});
  const cellsOf = (name: string) => Object.entries(columns).map(([count, column]) => [count, column[name]]);
  console.table(Object.fromEntries(names.map((name) => [name, Object.fromEntries(cellsOf(name)) as object])));
}

async function measure(client: pg.Client, connectionString: string, count: number): Promise<Record<string, string>> {
  console.error(`${count} processes: starting`);
  const services: StartedServer[] = [];
  const headers = headersOf();
  const options = {
    OS_PLACEMENT_DATABASE__MAX_POOL_SIZE: values.pool,
    OS_PLACEMENT_DATABASE__MAX_OVERFLOW: values.pool,
    OS_OSLO_POLICY__ENFORCE_NEW_DEFAULTS: 'false',
  };
  try {
    while (services.length < count) {
      const some = Math.min(AT_ONCE, count - services.length);
      const started = Array.from({ length: some }, () => startService(connectionString, [], options));
      for (const result of await Promise.allSettled(started))
        if (result.status === 'fulfilled') services.push(result.value);
        else throw result.reason;
    }
    const load = await createLoad(client, services);
    const { reads, writes } = { reads: Number(values.reads), writes: Number(values.writes) };
    // So that code is compiled and connections are there.
    await load(reads, writes);
    const row: Record<string, string> = {};
    for (const [name, readRate, writeRate] of [
      ['idle', 0, 0],
      [`${writes} writes/s`, 0, writes],
      [`${reads} reads/s`, reads, 0],
      [`${reads} reads/s, ${writes} writes/s`, reads, writes],
    ] as const) {
      console.error(`${count} processes: ${name}`);
      // What was written before is no part of what is measured.
      for (const { url } of services) await (await fetch(`${url}/resource_providers?name=none`, { headers })).text();
      const before = await spent(client, services);
      const done = await load(readRate, writeRate);
      const after = await spent(client, services);
      const each = (what: keyof Spent): number => (after[what] - before[what]) / done.seconds;
      row[`${name}: PostgreSQL`] = `${(1000 * each('postgresql')).toFixed(0)} ms/s`;
      row[`${name}: all processes`] = `${(1000 * each('processes')).toFixed(0)} ms/s`;
      if (readRate + writeRate > 0)
        row[`${name}: done`] =
          `${(done.reads / done.seconds).toFixed(0)} + ${(done.writes / done.seconds).toFixed(0)}/s`;
    }
    row['connections'] = String(await connectionsOf(client));
    const memory = await Promise.all(services.map(({ pid }) => residentMegabytes(pid)));
    row['memory of a process, min / median / max'] = three(memory);
    return row;
  } finally {
    await Promise.all(services.map((service) => service.stop()));
  }
}

interface Spent {
  /** Seconds of processor time. */
  readonly postgresql: number;
  readonly processes: number;
}

async function spent(client: pg.Client, services: readonly StartedServer[]): Promise<Spent> {
  const { rows } = await client.query<{ pid: string }>(
    `select split_part(pg_read_file('postmaster.pid'), E'\\n', 1) as pid`,
  );
  const times = await Promise.all(services.map(({ pid }) => processorSeconds(pid)));
  return {
    postgresql: await processorSecondsOfAll(Number(rows[0]!.pid)),
    processes: times.reduce((sum, one) => sum + one, 0),
  };
}

interface Done {
  readonly reads: number;
  readonly writes: number;
  readonly seconds: number;
}

/** What reads at one rate and writes at another for the length of a measurement. */
async function createLoad(client: pg.Client, services: readonly StartedServer[]) {
  const urls = services.map(({ url }) => url);
  const { rows: hosts } = await client.query<{ uuid: string; generation: number }>(
    'select uuid, generation from resource_providers',
  );
  const inventories = { VCPU: { total: 1000 }, MEMORY_MB: { total: 100_000 }, DISK_GB: { total: 1000 } };

  async function read({ ask }: Talk): Promise<void> {
    const { uuid } = hosts[Math.floor(Math.random() * hosts.length)]!;
    const { status } = await ask('GET', `/resource_providers/${uuid}`);
    if (status !== 200) throw new Error(`${status} for a read`);
  }
  /** Each client writes to hosts of its own, and so knows their generations. */
  async function write({ ask }: Talk, index: number): Promise<void> {
    const host = hosts[Math.floor((Math.random() * hosts.length) / CLIENTS) * CLIENTS + index] ?? hosts[index]!;
    const body = { resource_provider_generation: host.generation, inventories };
    const { status } = await ask('PUT', `/resource_providers/${host.uuid}/inventories`, body);
    if (status !== 200) throw new Error(`${status} for a write`);
    host.generation++;
  }

  return async (readRate: number, writeRate: number): Promise<Done> => {
    const [start, seconds] = [performance.now(), Number(values.seconds)];
    const heard = { statuses: new Map<number, number>(), surprises: [] };
    /** A rate that several clients keep together. @returns how many were done */
    async function keep(
      rate: number,
      at: readonly string[],
      one: (talk: Talk, index: number) => Promise<void>,
    ): Promise<number> {
      let begun = 0;
      const client = async (_: unknown, index: number): Promise<void> => {
        const talk = createTalk(at, index, heard);
        for (;;) {
          const elapsed = (performance.now() - start) / 1000;
          if (elapsed >= seconds) break;
          if (begun >= elapsed * rate) {
            await pause(10);
            continue;
          }
          begun++;
          await one(talk, index);
        }
        talk.end();
      };
      await Promise.all(Array.from({ length: rate === 0 ? 1 : CLIENTS }, client));
      return begun;
    }
    const [reads, writes] = await Promise.all([keep(readRate, urls, read), keep(writeRate, urls.slice(0, 1), write)]);
    return { reads, writes, seconds: (performance.now() - start) / 1000 };
  };
}

async function connectionsOf(client: pg.Client): Promise<number> {
  const { rows } = await client.query<{ count: number }>(
    "select count(*)::integer as count from pg_stat_activity where application_name like 'stockroom%'",
  );
  return rows[0]!.count;
}

async function residentMegabytes(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8');
  return Number(/VmRSS:\s+(\d+)/.exec(status)?.[1]) / 1024;
}

function three(list: readonly number[]): string {
  const sorted = list.toSorted((a, b) => a - b);
  const at = (share: number): string => sorted[Math.floor((sorted.length - 1) * share)]!.toFixed(0);
  return `${at(0)} / ${at(0.5)} / ${at(1)} MB`;
}
