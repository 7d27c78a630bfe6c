import { mkdtemp, readFile, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import pg from 'pg';
import { startEmbedded } from '../src/db/embedded.js';
import { headersOf } from './client.js';
import { RARE_TRAIT, writeFlatHosts } from './flat-hosts.js';
import { processorSeconds } from './processor-time.js';
import { startService } from './servers.js';

const HELP = `usage: npm run bench:growth -- [options]

What grows with the cloud: the start, memory, the database, and latencies of reads, idle and beside writes.
The hosts are written with SQL, so this measures the service alone.

  --hosts N,N,...   sizes of the cloud (1000,10000,100000)
  --providers N     of each host: its root and N - 1 below it, with one inventory each (1)
  --consumers N     of each host, with three allocations each (0)
  --writes N        a second, beside which latencies are measured again (500)
`;

const { values } = parseArgs({
  options: {
    help: { type: 'boolean', short: 'h' },
    hosts: { type: 'string', default: '1000,10000,100000' },
    providers: { type: 'string', default: '1' },
    consumers: { type: 'string', default: '0' },
    writes: { type: 'string', default: '500' },
  },
});

const FLAT = '/allocation_candidates?resources=VCPU:1,MEMORY_MB:256,DISK_GB:10';
const QUERIES = {
  'limit=1000': `${FLAT}&limit=1000`,
  'limit=1000, rare trait': `${FLAT}&limit=1000&required=${RARE_TRAIT}`,
  'limit=10': `${FLAT}&limit=10`,
};
const REQUESTS = 50;

if (values.help === true) console.log(HELP);
else await measureSizes();

async function measureSizes(): Promise<void> {
  const folder = await mkdtemp(path.join(os.tmpdir(), 'stockroom-growth-'));
  const database = await startEmbedded({ dataDir: folder, settings: { fsync: 'off', max_wal_size: '4GB' } });
  const rows: Record<string, string>[] = [];
  try {
    for (const size of values.hosts.split(',').map(Number))
      rows.push(await measureSize(database.connectionString, size));
  } finally {
    await database.stop();
    await rm(folder, { recursive: true, force: true });
  }
  // A column for each size: the names of the rows are long.
  const names = [...new Set(rows.flatMap((row) => Object.keys(row)))];
  console.table(
    Object.fromEntries(names.map((name) => [name, Object.fromEntries(rows.map((row) => [row['hosts'], row[name]]))])),
  );
}

async function measureSize(connectionString: string, size: number): Promise<Record<string, string>> {
  console.error(`${size} hosts: writing`);
  // The first start makes the tables.
  await (await startService(connectionString, [])).stop();
  const client = new pg.Client({ connectionString });
  // The server is stopped while it is connected when a statement fails; the statement's error is the one to see.
  client.on('error', () => undefined);
  await client.connect();
  try {
    await fill(client, connectionString, size);
    console.error(`${size} hosts: measuring`);
    const start = performance.now();
    const service = await startService(connectionString, []);
    try {
      const row: Record<string, string> = { hosts: String(size) };
      row['start and load'] = `${seconds(performance.now() - start)} s`;
      row['memory after the load'] = await residentMemory(service.pid);
      const {
        rows: [host],
      } = await client.query<{ uuid: string }>('select uuid from resource_providers where id = 1');
      const queries = { ...QUERIES, 'one provider': `/resource_providers/${host!.uuid}` };
      for (const [name, query] of Object.entries(queries)) row[name] = await latency(service.url + query);
      const stopWriting = write(client, size);
      try {
        const [cpu, began] = [await processorSeconds(service.pid), performance.now()];
        for (const [name, query] of Object.entries(queries))
          row[`${name}, ${values.writes} writes/s`] = await latency(service.url + query);
        row['processor beside writes'] =
          `${Math.round((100_000 * ((await processorSeconds(service.pid)) - cpu)) / (performance.now() - began))} %`;
      } finally {
        row['writes done'] = `${Math.round(await stopWriting())}/s`;
      }
      row['memory in the end'] = await residentMemory(service.pid);
      for (const [name, bytes] of await tableSizes(client)) row[name] = `${(bytes / 1e6).toFixed(1)} MB`;
      return row;
    } finally {
      await service.stop();
    }
  } finally {
    await client.end();
  }
}

async function fill(client: pg.Client, connectionString: string, size: number): Promise<void> {
  const [providers, consumers] = [Number(values.providers), Number(values.consumers)];
  await client.query('truncate consumers, history_changes, history_requests cascade');
  await writeFlatHosts(connectionString, size);
  await client.query(`
    insert into resource_providers (id, uuid, name, root_provider_id, parent_provider_id)
      select ${size} + (n - 1) * ${providers - 1} + k, gen_random_uuid(), 'host-' || n || '-' || k, n, n
      from generate_series(1, ${size}) n, generate_series(1, ${providers - 1}) k;
    insert into inventories (resource_provider_id, resource_class_id, total, reserved, min_unit, max_unit, step_size, allocation_ratio)
      select id, (select id from resource_classes where name = 'SRIOV_NET_VF'), 8, 0, 1, 8, 1, 1
      from resource_providers where parent_provider_id is not null;
    insert into projects (external_id) values ('growth') on conflict do nothing;
    insert into users (external_id) values ('growth') on conflict do nothing;
    insert into consumers (id, uuid, project_id, user_id)
      select n, gen_random_uuid(), (select max(id) from projects), (select max(id) from users) from generate_series(1, ${size * consumers}) n;
    insert into allocations (consumer_id, resource_provider_id, resource_class_id, used)
      select n, 1 + n % ${size}, class, 1 from generate_series(1, ${size * consumers}) n, generate_series(0, 2) class;
    delete from topology_changes;
    analyze`);
}

/** Writes as many rows a second as asked for, each in a transaction of its own. Returns what stops it, and says how many it wrote a second. */
function write(client: pg.Client, size: number): () => Promise<number> {
  const [rate, start] = [Number(values.writes), performance.now()];
  const stop = new AbortController();
  let written = 0;
  const done = (async () => {
    for (;;) {
      await pause(20, undefined, { signal: stop.signal });
      const due = Math.min(((performance.now() - start) / 1000) * rate, written + rate);
      for (; written < due; written++) {
        const values = [1 + Math.floor(Math.random() * size)];
        const text =
          'update inventories set total = total + 1 where resource_provider_id = $1 and resource_class_id = 0';
        await client.query({ name: 'write', text, values });
      }
    }
  })().catch((error: unknown) => {
    if (!stop.signal.aborted) throw error;
  });
  // `stop` reports its failure.
  done.catch(() => undefined);
  return async () => {
    stop.abort();
    await done;
    return (1000 * written) / (performance.now() - start);
  };
}

/** Smallest, median and largest. */
async function latency(url: string): Promise<string> {
  const times: number[] = [];
  for (let i = 0; i < REQUESTS; i++) {
    const start = performance.now();
    const response = await fetch(url, { headers: headersOf() });
    await response.arrayBuffer();
    if (response.status !== 200) throw new Error(`${url}: ${response.status}`);
    times.push(performance.now() - start);
  }
  // The first ones find no summary rendered and no code compiled.
  const sorted = times.slice(10).sort((a, b) => a - b);
  const at = (share: number): string => sorted[Math.floor((sorted.length - 1) * share)]!.toFixed(1);
  return `${at(0)} / ${at(0.5)} / ${at(1)} ms`;
}

async function residentMemory(pid: number): Promise<string> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8');
  return `${Math.round(Number(/VmRSS:\s+(\d+)/.exec(status)?.[1]) / 1024)} MB`;
}

async function tableSizes(client: pg.Client): Promise<[name: string, bytes: number][]> {
  const { rows } = await client.query<{ name: string; bytes: string }>(`
    select case when relname like 'history%' then 'history' when relname like 'topology%' then 'journal'
                when relname in ('allocations', 'consumers') then relname else 'providers and names' end as name,
      sum(pg_total_relation_size(oid)) as bytes
    from pg_class where relnamespace = 'public'::regnamespace and relkind = 'r' group by 1 order by 1`);
  return rows.map(({ name, bytes }) => [`database: ${name}`, Number(bytes)]);
}

function seconds(milliseconds: number): string {
  return (milliseconds / 1000).toFixed(1);
}
