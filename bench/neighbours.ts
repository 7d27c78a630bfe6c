import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import pg from 'pg';
import { startEmbedded } from '../src/db/embedded.js';
import { headersOf } from './client.js';
import { startService } from './servers.js';

/**
 * What readers notice while one client asks for explanations or capacities of 100,000 hosts, one after another:
 * `npm run bench:neighbours`. Rounds with and without that client alternate. Latencies of GET /resource_providers/{uuid} by two
 * clients, in milliseconds. The hosts are written with SQL.
 */
const HOSTS = 100_000;
const READERS = 2;
const ROUNDS = 3;
const SECONDS = 8;
const SHAPE = 'resources=VCPU:2,MEMORY_MB:4096,DISK_GB:20';
const NEIGHBOURS: Readonly<Record<string, string | null>> = {
  'readers alone': null,
  'beside explanations, none fits': `/stockroom/explain?${SHAPE.replace('VCPU:2', 'VCPU:64')}&required=HW_CPU_X86_AVX2`,
  'beside explanations, some fit': `/stockroom/explain?${SHAPE}`,
  'beside capacities': `/stockroom/capacity?${SHAPE}`,
};

interface Round {
  readonly latencies: number[];
  /** Milliseconds of each request of the neighbour. */
  readonly asked: number[];
}

async function round(url: string, uuids: readonly string[], path: string | null): Promise<Round> {
  const found: Round = { latencies: [], asked: [] };
  const end = performance.now() + SECONDS * 1000;
  const repeat = async (next: () => string, times: number[]): Promise<void> => {
    while (performance.now() < end) {
      const start = performance.now();
      const response = await fetch(url + next(), { headers: headersOf() });
      const text = await response.text();
      if (response.status !== 200) throw new Error(`${response.url}: ${response.status} ${text}`);
      times.push(performance.now() - start);
    }
  };
  const aProvider = (): string => `/resource_providers/${uuids[Math.floor(Math.random() * uuids.length)]!}`;
  const readers = Array.from({ length: READERS }, () => repeat(aProvider, found.latencies));
  await Promise.all(path === null ? readers : [...readers, repeat(() => path, found.asked)]);
  return found;
}

function shown(times: number[]): string {
  const sorted = times.toSorted((a, b) => a - b);
  const at = (share: number): string => (sorted[Math.floor((sorted.length - 1) * share)] ?? NaN).toFixed(1);
  return sorted.length === 0 ? '' : `${at(0.5)} / ${at(0.99)} / ${at(1)} (${sorted.length})`;
}

const folder = await mkdtemp(path.join(os.tmpdir(), 'stockroom-neighbours-'));
const database = await startEmbedded({ dataDir: folder, settings: { fsync: 'off' } });
try {
  // The first start makes the tables.
  await (await startService(database.connectionString, [])).stop();
  const client = new pg.Client({ connectionString: database.connectionString });
  await client.connect();
  await client.query(`
    insert into resource_providers (id, uuid, name, root_provider_id)
      select n, gen_random_uuid(), 'host-' || n, n from generate_series(1, ${HOSTS}) n;
    insert into inventories (resource_provider_id, resource_class_id, total, reserved, min_unit, max_unit, step_size, allocation_ratio)
      select n, class, (array[32, 131072, 2000])[class + 1], 0, 1, (array[32, 131072, 2000])[class + 1], 1, 1
      from generate_series(1, ${HOSTS}) n, generate_series(0, 2) class;
    insert into resource_provider_traits (resource_provider_id, trait_id)
      select n, id from generate_series(1, ${HOSTS}, 3) n, (select id from traits where name = 'HW_CPU_X86_AVX2') avx;
    delete from topology_changes;
    analyze`);
  const { rows } = await client.query<{ uuid: string }>('select uuid from resource_providers limit 1000');
  await client.end();
  const uuids = rows.map(({ uuid }) => uuid);
  const service = await startService(database.connectionString, []);
  const sums = Object.entries(NEIGHBOURS).map(([name, path]) => ({
    name,
    path,
    latencies: [] as number[],
    asked: [] as number[],
  }));
  for (const number of Array(ROUNDS + 1).keys()) {
    for (const sum of sums) {
      console.error(number === 0 ? `warming up: ${sum.name}` : `round ${number} of ${ROUNDS}: ${sum.name}`);
      const { latencies, asked } = await round(service.url, uuids, sum.path);
      if (number === 0) continue;
      sum.latencies.push(...latencies);
      sum.asked.push(...asked);
    }
  }
  console.table(
    Object.fromEntries(
      sums.map(({ name, latencies, asked }) => [
        name,
        { 'readers: median / p99 / max ms (count)': shown(latencies), 'the neighbour': shown(asked) },
      ]),
    ),
  );
  await service.stop();
} finally {
  await database.stop();
  await rm(folder, { recursive: true, force: true });
}
