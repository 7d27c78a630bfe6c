import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { setTimeout } from 'node:timers/promises';
import pg from 'pg';
import { startEmbedded } from '../src/db/embedded.js';
import { headersOf } from './client.js';
import { processorSecondsOfAll } from './processor-time.js';
import { startService } from './servers.js';

/**
 * Seconds of an audit of orphans, and what other requests notice of it: `npm run bench:orphans -- [consumers] [rounds]`. Each consumer has three
 * classes on one of 2,000 hosts; one in a hundred is an orphan, one in a hundred is elsewhere, one in a hundred is young. The goal is 3 s for
 * 100,000 consumers (docs/contract/audit-and-orphans.md#orphans).
 */
const [consumers = 100_000, rounds = 7] = process.argv.slice(2).map(Number);
const HOSTS = 2000;

interface Live {
  readonly consumer: string;
  readonly provider: string;
}

interface Report {
  readonly judged: number;
  readonly counts: Readonly<Record<string, number>>;
}

/** Every consumer is old enough to be checked, except those that are made young. */
async function fill(client: pg.Client): Promise<void> {
  await client.query(`
    insert into resource_providers (id, uuid, name, root_provider_id)
      select n, gen_random_uuid(), 'host-' || n, n from generate_series(1, ${HOSTS}) n;
    insert into inventories (resource_provider_id, resource_class_id, total, reserved, min_unit, max_unit, step_size, allocation_ratio)
      select n, class, 2000000000, 0, 1, 2000000000, 1, 1 from generate_series(1, ${HOSTS}) n, generate_series(0, 2) class;
    insert into projects (external_id) select 'project-' || n from generate_series(1, 100) n;
    insert into users (external_id) values ('nova');
    insert into consumers (id, uuid, project_id, user_id, generation, created_at)
      select n, gen_random_uuid(), p.id, u.id, 1, now() - case when n % 100 = 3 then interval '0' else interval '1 day' end
      from generate_series(1, ${consumers}) n
      join projects p on p.external_id = 'project-' || (1 + n % 100) cross join users u;
    insert into allocations (consumer_id, resource_provider_id, resource_class_id, used, created_at)
      select c.id, 1 + c.id % ${HOSTS}, class, 1 + class, c.created_at from consumers c, generate_series(0, 2) class`);
  await client.query('vacuum analyze');
}

/** The list that the owner of the consumers would send. */
async function liveList(client: pg.Client): Promise<Live[]> {
  const { rows } = await client.query<Live>(`
    select c.uuid as consumer, 'host-' || 1 + (c.id + case when c.id % 100 = 2 then 1 else 0 end) % ${HOSTS} as provider
    from consumers c where c.id % 100 <> 1`);
  return rows;
}

async function audit(url: string, body: string): Promise<{ seconds: number; report: Report }> {
  const start = performance.now();
  const headers = { ...headersOf(), 'content-type': 'application/json' };
  const response = await fetch(`${url}/stockroom/orphans`, { method: 'POST', headers, body });
  const text = await response.text();
  const seconds = (performance.now() - start) / 1000;
  if (response.status !== 200) throw new Error(`${response.status} ${text.slice(0, 300)}`);
  return { seconds, report: JSON.parse(text) as Report };
}

/** Milliseconds of reads by one client until something ends. */
async function readUntil(url: string, until: Promise<unknown>): Promise<number[]> {
  const times: number[] = [];
  let ended = false as boolean; // the callback below changes it
  const end = (): void => {
    ended = true;
  };
  // The caller waits for it as well, and handles its failure.
  void until.then(end, end);
  while (!ended) {
    const start = performance.now();
    await (await fetch(`${url}/resource_providers?name=host-1`, { headers: headersOf() })).arrayBuffer();
    times.push(performance.now() - start);
  }
  return times;
}

function shown(values: readonly number[], digits: number): string {
  const sorted = values.toSorted((a, b) => a - b);
  const at = (share: number): string => sorted[Math.floor((sorted.length - 1) * share)]!.toFixed(digits);
  return `${at(0)}  ${at(0.5)}  ${at(0.99)}  ${at(1)}`;
}

const folder = await mkdtemp(path.join(os.tmpdir(), 'stockroom-bench-'));
const database = await startEmbedded({ dataDir: folder });
try {
  const service = await startService(database.connectionString, []);
  const client = new pg.Client({ connectionString: database.connectionString });
  await client.connect();
  try {
    console.error(`writing ${consumers} consumers`);
    await fill(client);
    const live = await liveList(client);
    const also = Array.from({ length: Math.ceil(consumers / 100) }, () => randomUUID());
    const body = JSON.stringify({ live, also_live: also, taken_at: new Date().toISOString() });
    const audits: number[] = [];
    const auditsBeside: number[] = [];
    const reads: number[] = [];
    const readsBeside: number[] = [];
    const { rows } = await client.query<{ pid: string }>(
      `select split_part(pg_read_file('postmaster.pid'), E'\\n', 1) as pid`,
    );
    const times = (): Promise<number[]> => Promise.all([Number(rows[0]?.pid), service.pid].map(processorSecondsOfAll));
    const inPostgres: number[] = [];
    const inService: number[] = [];
    const { report } = await audit(service.url, body);
    console.log(`judged ${report.judged}, ${JSON.stringify(report.counts)}, ${body.length} bytes`);
    for (let round = 0; round < rounds; round++) {
      reads.push(...(await readUntil(service.url, setTimeout(1000))));
      const before = await times();
      audits.push((await audit(service.url, body)).seconds);
      const after = await times();
      inPostgres.push(after[0]! - before[0]!);
      inService.push(after[1]! - before[1]!);
      const audited = audit(service.url, body);
      readsBeside.push(...(await readUntil(service.url, audited)));
      auditsBeside.push((await audited).seconds);
    }
    console.log('                                                  min  median  99 %  max');
    console.log(`an audit, seconds                                 ${shown(audits, 2)}`);
    console.log(`processor time of PostgreSQL, seconds             ${shown(inPostgres, 2)}`);
    console.log(`processor time of the service, seconds            ${shown(inService, 2)}`);
    console.log(`an audit beside one client that reads, seconds    ${shown(auditsBeside, 2)}`);
    console.log(`a read, milliseconds                              ${shown(reads, 1)}`);
    console.log(`a read beside an audit, milliseconds              ${shown(readsBeside, 1)}`);
  } finally {
    await client.end();
    await service.stop();
  }
} finally {
  await database.stop();
  await rm(folder, { recursive: true, force: true });
}
