import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import pg from 'pg';
import { migrateDatabase } from '../../src/db/migrate.js';
import { defaultConfig } from '../../src/config.js';
import { startEmbedded, type EmbeddedDatabase } from '../../src/db/embedded.js';
import { freePorts } from './free-ports.js';
import { until } from './until.js';

let servers: (EmbeddedDatabase & { folder: string })[] = [];

const TEMPLATE = 'stockroom_template';
/** Where the processes that mocha starts find the servers of the run, a URL each. */
const SERVERS = 'STOCKROOM_TEST_SERVERS';

/**
 * A PostgreSQL for each process that runs tests, with a migrated template that every test file's database is copied from. Not one
 * for all: what snapshots and transaction ids a test meets would depend on the others.
 */
export async function startTestServers(count: number): Promise<void> {
  const port = await freePorts(count);
  servers = await Promise.all(Array.from({ length: count }, (_, index) => startTestServer(port + index)));
  process.env[SERVERS] = servers.map(({ connectionString }) => connectionString).join(' ');
}

async function startTestServer(port: number): Promise<EmbeddedDatabase & { folder: string }> {
  const folder = await mkdtemp(path.join(os.tmpdir(), 'stockroom-test-'));
  const server = await startEmbedded({ dataDir: folder, settings: { fsync: 'off', port: String(port) } });
  await sql(urlOn(server.connectionString, 'postgres'), `create database ${TEMPLATE}`);
  await migrateDatabase(defaultConfig(), urlOn(server.connectionString, TEMPLATE));
  return { ...server, folder };
}

export async function stopTestServers(): Promise<void> {
  for (const server of servers) {
    await server.stop();
    await rm(server.folder, { recursive: true, force: true });
  }
}

/** A database with nothing in it. Returns its URL. */
export async function createEmptyDatabase(): Promise<string> {
  const name = newName();
  await admin(`create database ${name}`);
  return databaseUrl(name);
}

/** A database of its own with the schema and the standard names in it. Returns its URL. */
export async function createTestDatabase(): Promise<string> {
  const name = newName();
  await admin(`create database ${name} template ${TEMPLATE}`);
  return databaseUrl(name);
}

export async function dropTestDatabase(url: string): Promise<void> {
  await admin(`drop database if exists ${new URL(url).pathname.slice(1)} with (force)`);
}

/** Runs one statement on a connection of its own, as an operator would by hand. */
export async function sql<Row extends pg.QueryResultRow = pg.QueryResultRow>(
  url: string,
  text: string,
  values: unknown[] = [],
): Promise<Row[]> {
  const client = await connect(url);
  try {
    return (await client.query<Row>(text, values)).rows;
  } finally {
    await client.end();
  }
}

/** A connection for a test that holds a transaction open. */
export async function connect(url: string): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  return client;
}

/** By chance and not by a counter: a process may load this module twice, and databases stay that a file does not drop. */
function newName(): string {
  return `stockroom_test_${randomBytes(8).toString('hex')}`;
}

/** On the server of this process; mocha numbers those that run at the same time. */
function databaseUrl(name: string): string {
  const urls = process.env[SERVERS]?.split(' ') ?? [];
  const server = urls[Number(process.env['MOCHA_WORKER_ID'] ?? 0) % urls.length];
  if (server === undefined) throw new Error('the test servers are not running');
  return urlOn(server, name);
}

function urlOn(server: string, database: string): string {
  const url = new URL(server);
  url.pathname = `/${database}`;
  return url.toString();
}

async function admin(statement: string): Promise<void> {
  await until(
    statement,
    async () => {
      try {
        await sql(databaseUrl('postgres'), statement);
        return true;
      } catch (error) {
        // PostgreSQL waits five seconds for sessions of the database to end.
        if ((error as pg.DatabaseError).code === '55006') return false;
        throw error;
      }
    },
    30_000,
  );
}
