import { mkdtemp, readFile, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { startEmbedded } from '../src/db/embedded.js';
import { headersOf } from './client.js';
import { RARE_TRAIT, writeFlatHosts } from './flat-hosts.js';
import { startService } from './servers.js';

/**
 * What grows with the cloud: loading, memory and candidates with 1,000, 10,000 and 100,000 flat hosts. The hosts are written
 * with SQL, so this measures the service alone. `tsx bench/growth.ts`
 */
const SIZES = [1000, 10_000, 100_000];
const QUERIES = {
  'limit=1000': '/allocation_candidates?resources=VCPU:1,MEMORY_MB:256,DISK_GB:10&limit=1000',
  'limit=1000, a trait that 1,000 have': `/allocation_candidates?resources=VCPU:1,MEMORY_MB:256,DISK_GB:10&limit=1000&required=${RARE_TRAIT}`,
  'limit=10': '/allocation_candidates?resources=VCPU:1,MEMORY_MB:256,DISK_GB:10&limit=10',
};
const REQUESTS = 50;

const folder = await mkdtemp(path.join(os.tmpdir(), 'stockroom-growth-'));
const database = await startEmbedded({ dataDir: folder, settings: { fsync: 'off' } });
const rows: Record<string, string>[] = [];
try {
  for (const size of SIZES) {
    console.error(`${size} hosts: writing`);
    // The first start makes the tables.
    await (await startService(database.connectionString, [])).stop();
    await writeFlatHosts(database.connectionString, size);
    console.error(`${size} hosts: measuring`);
    const start = performance.now();
    const service = await startService(database.connectionString, []);
    const row: Record<string, string> = {
      hosts: String(size),
      'start and load': `${seconds(performance.now() - start)} s`,
    };
    for (const [name, query] of Object.entries(QUERIES)) row[name] = await latency(service.url + query);
    row['memory'] = await residentMemory(service.pid);
    rows.push(row);
    await service.stop();
  }
  console.table(rows);
} finally {
  await database.stop();
  await rm(folder, { recursive: true, force: true });
}

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

function seconds(milliseconds: number): string {
  return (milliseconds / 1000).toFixed(1);
}
