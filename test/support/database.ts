import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import pg from 'pg';
import { migrateDatabase } from '../../src/configured.js';
import { defaultConfig } from '../../src/config.js';
import { startEmbedded, type EmbeddedDatabase } from '../../src/db/embedded.js';

let server: (EmbeddedDatabase & { folder: string }) | null = null;
let databases = 0;

const TEMPLATE = 'stockroom_template';
/** Where the processes that mocha starts for test files, one after the other, find the server of the run. */
const SERVER_URL = 'STOCKROOM_TEST_SERVER';

export async function startTestServer(): Promise<void> {
  const folder = await mkdtemp(path.join(os.tmpdir(), 'stockroom-test-'));
  server = { ...(await startEmbedded({ dataDir: folder, settings: { fsync: 'off' } })), folder };
  process.env[SERVER_URL] = server.connectionString;
  await admin(`create database ${TEMPLATE}`);
  await migrateDatabase(defaultConfig(), databaseUrl(TEMPLATE));
}

export async function stopTestServer(): Promise<void> {
  await server?.stop();
  if (server !== null) await rm(server.folder, { recursive: true, force: true });
  server = null;
}

/** A database with nothing in it. Answers its URL. */
export async function createEmptyDatabase(): Promise<string> {
  const name = newName();
  await admin(`create database ${name}`);
  return databaseUrl(name);
}

/** A database of its own with the schema and the standard names in it. Answers its URL. */
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

function newName(): string {
  return `stockroom_test_${process.pid}_${++databases}`;
}

function databaseUrl(name: string): string {
  const server = process.env[SERVER_URL];
  if (server === undefined) throw new Error('the test server is not running');
  const url = new URL(server);
  url.pathname = `/${name}`;
  return url.toString();
}

async function admin(statement: string): Promise<void> {
  await sql(databaseUrl('postgres'), statement);
}
