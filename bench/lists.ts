import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import pg from 'pg';
import { startEmbedded } from '../src/db/embedded.js';
import { startStore, type Store } from '../test/support/s3-store.js';
import { createClient, headersOf, type Client } from './client.js';
import { processorSeconds } from './processor-time.js';
import { startService, type StartedServer } from './servers.js';

const HELP = `usage: npm run bench:lists -- [--rows N] [--all] [--swift]

Measures inventory lists, as Parquet and as CSV: seconds, processor time and the largest memory of a process
that does nothing else (stockroom lists work), and the latencies of a service that does the run
beside its requests. Compares a list with a loop of GET inventories.

  --rows N   inventories, four a provider (1000000)
  --all      lists of all versions, after each inventory has changed once: twice as many rows
  --swift    to a Swift on this machine, too, which ../shared/reference/s3-serve starts
`;

const CLASSES = 4;
/** Of the loop of GET inventories. */
const LOOP_PROVIDERS = 10_000;
/** Clients that read a provider, and as many that claim. */
const CLIENTS = 2;
/** The shortest time for which latencies are measured without a run, in milliseconds. */
const QUIET_MS = 15_000;
const MAIN = fileURLToPath(new URL('../dist/main.js', import.meta.url));

const { values } = parseArgs({
  options: {
    rows: { type: 'string', default: '1000000' },
    all: { type: 'boolean', default: false },
    swift: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});
if (values.help) {
  process.stdout.write(HELP);
  process.exit(0);
}
const providers = Math.ceil(Number(values.rows) / CLASSES);
const uuidOf = (number: number): string => `00000000-0000-4000-8000-${String(number).padStart(12, '0')}`;
const say = (line: string): void => {
  console.error(line);
};

interface Run {
  readonly state: string;
  readonly rows: number;
  readonly bytes: number;
  readonly started_at: string;
  readonly finished_at: string;
  readonly error: { message: string } | null;
}

const folder = await mkdtemp(path.join(os.tmpdir(), 'stockroom-bench-lists-'));
// Not below the first: as root the database runs as another user, who cannot enter that.
const dataDir = await mkdtemp(path.join(os.tmpdir(), 'stockroom-bench-lists-'));
const database = await startEmbedded({ dataDir });
let store: Store | null = null;
try {
  await (await startService(database.connectionString, [])).stop();
  say(`writing ${providers * CLASSES} inventories`);
  await fill(database.connectionString);
  const options: Record<string, string> = {
    OS_STOCKROOM__LISTS_DIR: path.join(folder, 'lists'),
    OS_STOCKROOM__LISTS_SPOOL: path.join(folder, 'spool'),
  };
  const buckets = ['local'];
  if (values.swift) {
    const started = await startStore('swift', { encryption: false });
    if ('missing' in started) throw new Error(started.missing);
    store = started;
    await writeFile(
      path.join(folder, 'placement.conf'),
      `[list_bucket:swift]\ntype = s3\nendpoint = ${store.endpoint}\nregion = us-east-1\nbucket = lists\naddressing = path\n` +
        'access_key = test:tester\nsecret_key = testing\n',
    );
    options['OS_PLACEMENT_CONFIG_DIR'] = folder;
    buckets.push('swift');
  }
  const jobs = buckets.flatMap((bucket) => ['parquet', 'csv'].map((format) => ({ bucket, format })));

  const table: Record<string, string>[] = [];
  for (const job of jobs) {
    say(`${job.format} to ${job.bucket}, in a process of its own`);
    const alone = await inProcess(job, options);
    say(`${job.format} to ${job.bucket}, beside requests`);
    const beside = await besideRequests(job, options);
    table.push({ list: `${job.format} to ${job.bucket}`, ...alone, ...beside });
  }
  console.table(table);
  await compareWithLoop(options);
} finally {
  await store?.stop();
  await database.stop();
  for (const one of [folder, dataDir]) await rm(one, { recursive: true, force: true });
}

async function fill(connectionString: string): Promise<void> {
  const client = new pg.Client({ connectionString });
  await client.connect();
  // The history is written for lists of all versions only: its triggers take most of the time.
  if (!values.all) await client.query('set session_replication_role = replica');
  await client.query(`
    insert into resource_providers (id, uuid, name, root_provider_id)
      select n, '00000000-0000-4000-8000-' || lpad(n::text, 12, '0'), 'host-' || n, n from generate_series(1, ${providers}) n;
    insert into inventories (resource_provider_id, resource_class_id, total, reserved, min_unit, max_unit, step_size, allocation_ratio)
      select n, class, 1000000, 0, 1, 1000000, 1, 1 from generate_series(1, ${providers}) n, generate_series(0, ${CLASSES - 1}) class;
    delete from topology_changes`);
  if (values.all) await client.query('update inventories set total = total + 1');
  await client.query('vacuum analyze');
  await client.end();
}

interface Job {
  readonly bucket: string;
  readonly format: string;
}

/** Sets the job, which makes its first run due at once, and waits for the end of the run. */
async function listOf(client: Client, { bucket, format }: Job): Promise<Run> {
  const id = `bench-${randomUUID()}`;
  const versions = values.all ? 'all' : 'current';
  const body = {
    ...{ enabled: true, schedule: { frequency: 'daily' }, included_versions: versions },
    destination: { bucket, format },
  };
  await client.send({ method: 'PUT', path: `/stockroom/lists/${id}`, body });
  for (;;) {
    const response = await client.send({ method: 'GET', path: `/stockroom/lists/${id}/runs` });
    const [run] = ((await response.json()) as { runs: Run[] }).runs;
    if (run?.state === 'succeeded') return run;
    if (run !== undefined && (run.state === 'failed' || run.error !== null)) throw new Error(run.error?.message);
    await sleep(250);
  }
}

function secondsOf({ started_at, finished_at }: Run): number {
  return (Date.parse(finished_at) - Date.parse(started_at)) / 1000;
}

async function inProcess(job: Job, options: Record<string, string>): Promise<Record<string, string>> {
  const service = await startService(database.connectionString, [], {
    ...options,
    OS_STOCKROOM__LISTS_WORKER: 'false',
  });
  const worker = spawn(process.execPath, [MAIN, 'lists', 'work'], {
    env: { ...process.env, ...options, OS_PLACEMENT_DATABASE__CONNECTION: database.connectionString },
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  try {
    // The memory of the start does not count for the list.
    const [output] = (await once(worker.stdout, 'data')) as [Buffer];
    if (!output.toString().startsWith('Doing the runs')) throw new Error(output.toString());
    const before = await processorSeconds(worker.pid ?? 0);
    const run = await listOf(createClient(service.url, say), job);
    const processor = (await processorSeconds(worker.pid ?? 0)) - before;
    const status = await readFile(`/proc/${worker.pid ?? 0}/status`, 'utf8');
    return {
      seconds: secondsOf(run).toFixed(1),
      'of processor': processor.toFixed(1),
      'rows/s': Math.round(run.rows / secondsOf(run)).toString(),
      MB: (run.bytes / 1e6).toFixed(0),
      'peak memory': `${Math.round(Number(/VmHWM:\s+(\d+)/.exec(status)?.[1]) / 1024)} MB`,
    };
  } finally {
    worker.kill('SIGTERM');
    await once(worker, 'exit');
    await service.stop();
  }
}

async function besideRequests(job: Job, options: Record<string, string>): Promise<Record<string, string>> {
  const service = await startService(database.connectionString, [], { ...options, OS_STOCKROOM__LISTS_WORKER: 'true' });
  try {
    const client = createClient(service.url, say);
    // The first requests compile code.
    await latencies(service, sleep(3000));
    const without = await latencies(service, sleep(QUIET_MS));
    const during = await latencies(service, listOf(client, job));
    const ratio = (kind: 'reads' | 'claims'): string =>
      `${p99(without[kind]).toFixed(1)} -> ${p99(during[kind]).toFixed(1)} ms, ${(p99(during[kind]) / p99(without[kind])).toFixed(2)}x`;
    return { 'p99 of GET provider': ratio('reads'), 'p99 of claims': ratio('claims') };
  } finally {
    await service.stop();
  }
}

interface Latencies {
  readonly reads: number[];
  readonly claims: number[];
}

/** Milliseconds of each request that clients make one after the other until something is over. */
async function latencies({ url }: StartedServer, until: Promise<unknown>): Promise<Latencies> {
  const times: Latencies = { reads: [], claims: [] };
  let isOver = false;
  const timed = async (to: number[], request: () => Promise<Response>, status: number): Promise<void> => {
    while (!isOver) {
      const start = performance.now();
      const response = await request();
      await response.arrayBuffer();
      if (response.status !== status) throw new Error(`expected ${status}, got ${response.status}`);
      to.push(performance.now() - start);
    }
  };
  const some = (): string => uuidOf(1 + Math.floor(Math.random() * providers));
  const read = (): Promise<Response> => fetch(`${url}/resource_providers/${some()}`, { headers: headersOf() });
  const claim = (): Promise<Response> =>
    fetch(`${url}/allocations/${randomUUID()}`, {
      method: 'PUT',
      headers: { ...headersOf(), 'content-type': 'application/json' },
      body: JSON.stringify({
        allocations: { [some()]: { resources: { VCPU: 1, MEMORY_MB: 2 } } },
        ...{ project_id: 'p', user_id: 'u', consumer_type: 'INSTANCE', consumer_generation: null },
      }),
    });
  const clients = Array.from({ length: CLIENTS }, () => [
    timed(times.reads, read, 200),
    timed(times.claims, claim, 204),
  ]);
  try {
    await until;
  } finally {
    isOver = true;
    await Promise.all(clients.flat());
  }
  return times;
}

function p99(times: number[]): number {
  const sorted = times.sort((a, b) => a - b);
  return sorted[Math.floor((sorted.length - 1) * 0.99)] ?? NaN;
}

/** The alternative that gives the same numbers. */
async function compareWithLoop(options: Record<string, string>): Promise<void> {
  const service = await startService(database.connectionString, [], { ...options, OS_STOCKROOM__LISTS_WORKER: 'true' });
  try {
    const client = createClient(service.url, () => undefined);
    const count = Math.min(LOOP_PROVIDERS, providers);
    const requests = Array.from({ length: count }, (_, i) => ({
      method: 'GET' as const,
      path: `/resource_providers/${uuidOf(i + 1)}/inventories`,
    }));
    const start = performance.now();
    await client.sendAll(requests, 'GET inventories');
    const loop = (performance.now() - start) / 1000;
    const run = await listOf(client, { bucket: 'local', format: 'parquet' });
    const ratio = run.rows / secondsOf(run) / ((count * CLASSES) / loop);
    console.log(
      `GET inventories of ${count} providers, 8 at a time: ${loop.toFixed(1)} s, ${Math.round((count * CLASSES) / loop)} rows/s. ` +
        `A list in the same service: ${Math.round(run.rows / secondsOf(run))} rows/s, ${ratio.toFixed(1)} times as many, and of one moment.`,
    );
  } finally {
    await service.stop();
  }
}
