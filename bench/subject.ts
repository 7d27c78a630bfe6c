import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import pg from 'pg';
import { startEmbedded, type EmbeddedDatabase } from '../src/db/embedded.js';
import { createClient } from './client.js';
import { runLoad } from './load.js';
import { processorSecondsOfAll } from './processor-time.js';
import type { Conversations, Scenario } from './scenario.js';
import { startService, type StartedServer } from './servers.js';

/** One build of the service with a database of its own, in which a scenario has built its world. */
export interface Subject {
  readonly label: string;
  readonly database: EmbeddedDatabase;
  readonly service: StartedServer;
  readonly sql: pg.Client;
  /** The first process of PostgreSQL. */
  readonly postmaster: number;
  readonly conversations: Conversations;
  stop(): Promise<void>;
}

/** @param main the built program of another checkout */
export async function startSubject(label: string, main: string | undefined, scenario: Scenario): Promise<Subject> {
  const folder = await mkdtemp(path.join(os.tmpdir(), 'stockroom-bench-'));
  const database = await startEmbedded({ dataDir: folder });
  const service = await startService(database.connectionString, [], {}, main);
  const sql = new pg.Client({ connectionString: database.connectionString });
  // The server is stopped while it is connected when something fails; that error is the one to see.
  sql.on('error', () => undefined);
  await sql.connect();
  const postmaster = await postmasterOf(sql);
  const world = await scenario.prepare(createClient(service.url, () => undefined));
  const conversations = typeof world === 'function' ? world : world.conversations;
  return {
    ...{ label, database, service, sql, postmaster, conversations },
    async stop() {
      await sql.end();
      await service.stop();
      await database.stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

async function postmasterOf(sql: pg.Client): Promise<number> {
  const { rows } = await sql.query<{ pid: string }>(
    `select split_part(pg_read_file('postmaster.pid'), E'\\n', 1) as pid`,
  );
  return Number(rows[0]?.pid);
}

/** What some seconds of load came to. The times are microseconds of processor time of one request. */
export interface LoadFigures {
  readonly requests: number;
  readonly perSecond: number;
  readonly postgres: number;
  readonly service: number;
}

/** @throws Error when a response is not what the scenario expects */
export async function measureLoad(subject: Subject, seconds: number, connections: number): Promise<LoadFigures> {
  const { service, postmaster, conversations } = subject;
  const times = (): Promise<number[]> => Promise.all([postmaster, service.pid].map(processorSecondsOfAll));
  const before = await times();
  const result = await runLoad({ url: service.url, connections, seconds }, conversations);
  if (result.wrong > 0) throw new Error(`${result.wrong} wrong responses, such as ${result.example}`);
  const requests = Math.round(result.requestsPerSecond * seconds);
  const after = await times();
  const [postgres = 0, ofService = 0] = before.map((each, i) => (((after[i] ?? 0) - each) * 1e6) / requests);
  return { requests, perSecond: result.requestsPerSecond, postgres, service: ofService };
}

/** Minimum, median and maximum. */
function spread(values: readonly number[], digits: number): string {
  const sorted = values.toSorted((a, b) => a - b);
  const median = (sorted[(sorted.length - 1) >> 1]! + sorted[sorted.length >> 1]!) / 2;
  return [sorted[0]!, median, sorted.at(-1)!].map((value) => value.toFixed(digits)).join('  ');
}

/** Prints a name and {@link spread} of its figures, in columns. */
export function printFigures(name: string, values: readonly number[], digits: number): void {
  console.log(`  ${name.padEnd(47)}${spread(values, digits)}`);
}
