import fs from 'node:fs';
import knexFactory, { type Knex } from 'knex';
import type pg from 'pg';
import { STANDARD_RESOURCE_CLASSES } from '../standard/resource-classes.js';
import { STANDARD_TRAITS } from '../standard/traits.js';
import { foreignTables } from './foreign-tables.js';
import { closeClient } from './close-client.js';
import type { Config } from '../config.js';
import { databaseOptions, type DatabaseOptions } from './options.js';
import { connectClient } from './pool.js';
import { createHosts, type Hosts } from './hosts.js';
import { BEGIN, pinSession } from './session.js';
import { OperatorError } from '../operator-error.js';

// Beside src/ and dist/ alike.
const MIGRATIONS = new URL('../../migrations/', import.meta.url);

/** Any number that no other program uses as an advisory lock in this database. */
const MIGRATION_LOCK = 7_786_225;

export const OLDEST_SERVER = 14;

/** This program cannot use the database; the message says what to do. */
export class SchemaError extends OperatorError {}

/**
 * Brings the schema up to date and adds the standard resource classes and traits that are missing. Processes that start at
 * the same moment wait for each other.
 *
 * @param wanted the migrations to run, as {@link migrationNames} has them; a restore runs those of the dump
 * @returns the names of the migrations that were run
 * @throws SchemaError for a server that is too old or a schema that is newer than this program
 */
export async function migrateDatabase(
  config: Config,
  connectionString: string,
  wanted: readonly string[] = migrationNames(),
): Promise<readonly string[]> {
  const options = databaseOptions(config, connectionString);
  const hosts = createHosts(connectionString);
  const patient = { ...options, hosts, statementTimeout: 0 };
  const client = await connectClient(patient);
  let keeper: pg.Client | null = null;
  try {
    keeper = await connectClient(patient);
    await checkServerVersion(client);
    // Instead of knex's lock, which remains when its process dies. It is held in a transaction of its own, because a lock of
    // the session would remain in a pooler (docs/explanation/when-the-database-breaks.md).
    await keeper.query(BEGIN);
    await keeper.query('select pg_advisory_xact_lock($1)', [MIGRATION_LOCK]);
    await rejectForeignDatabase(client);
    const done = await runMigrations(options, hosts, wanted);
    await addStandardNames(client);
    return done;
  } finally {
    if (keeper !== null) await closeClient(keeper);
    await closeClient(client);
  }
}

/**
 * For operators who migrate by hand ([placement_database] sync_on_startup = false): rejects a schema that is not up to date,
 * and adds missing standard resource classes and traits.
 *
 * @throws SchemaError
 */
export async function checkDatabase(config: Config, connectionString: string): Promise<void> {
  const client = await connectClient(databaseOptions(config, connectionString));
  try {
    await checkServerVersion(client);
    const { pending, unknown } = await stateOf(client);
    if (unknown.length > 0) throw newerSchema(unknown);
    if (pending.length > 0) {
      throw new SchemaError(
        `The schema of this database is not up to date (${pending.join(', ')} to come), and [placement_database] sync_on_startup ` +
          'is false. Run `stockroom db sync` with the same configuration.',
      );
    }
    await addStandardNames(client);
  } finally {
    await closeClient(client);
  }
}

/** The name of the newest migration; null for a database without any. @throws SchemaError for a database of another program */
export async function databaseVersion(config: Config, connectionString: string): Promise<string | null> {
  return (await databaseSchema(config, connectionString)).newest;
}

/** The migrations of a database, compared with those of this program. */
export interface SchemaState {
  /** Null for a database without any. */
  readonly newest: string | null;
  /** Those that this program has and the database does not. */
  readonly pending: readonly string[];
  /** Those of a newer program. */
  readonly unknown: readonly string[];
}

/** Compares and writes nothing. @throws SchemaError for a database of another program */
export async function databaseSchema(config: Config, connectionString: string): Promise<SchemaState> {
  const client = await connectClient(databaseOptions(config, connectionString));
  try {
    return await stateOf(client);
  } finally {
    await closeClient(client);
  }
}

async function migrationsOf(client: pg.Client): Promise<string[]> {
  const { rows: found } = await client.query(
    "select to_regclass('knex_migrations') as found where to_regclass('knex_migrations') is not null",
  );
  if (found.length === 0) return [];
  const { rows } = await client.query<{ name: string }>('select name from knex_migrations order by id');
  return rows.map(({ name }) => name);
}

async function checkServerVersion(client: pg.Client): Promise<void> {
  const { rows } = await client.query<{ server_version_num: string }>('show server_version_num');
  const version = Math.floor(Number(rows[0]?.server_version_num) / 10_000);
  if (version < OLDEST_SERVER) {
    throw new SchemaError(`This is PostgreSQL ${version}; Stockroom needs PostgreSQL ${OLDEST_SERVER} or newer.`);
  }
}

/** @throws SchemaError for a database of another program, or of a newer one of ours */
async function rejectForeignDatabase(client: pg.Client): Promise<void> {
  const { unknown } = await stateOf(client);
  if (unknown.length > 0) throw newerSchema(unknown);
}

export function newerSchema(unknown: readonly string[]): SchemaError {
  return new SchemaError(
    `The schema of this database is newer than this program: it has ${unknown.join(', ')}. Run the newer Stockroom that made it.`,
  );
}

/** @throws SchemaError for a database of another program */
async function stateOf(client: pg.Client): Promise<SchemaState> {
  const done = await migrationsOf(client);
  const known = migrationNames();
  if (!known.some((name) => done.includes(name))) {
    const problem = await foreignTables(client);
    if (problem !== null) throw new SchemaError(problem);
  }
  return {
    newest: done.at(-1)?.replace(/\.js$/, '') ?? null,
    pending: known.filter((name) => !done.includes(name)),
    unknown: done.filter((name) => !known.includes(name)),
  };
}

/** The migrations of this program, the oldest first: `20261127000013_history_after_restore.js`. */
export function migrationNames(): string[] {
  return fs
    .readdirSync(MIGRATIONS)
    .filter((name) => name.endsWith('.js'))
    .sort();
}

/** knex requires a `down` of each migration. Our schema only goes forward; an operator goes back with a backup. */
const migrationSource = (wanted: readonly string[]): Knex.MigrationSource<string> => ({
  getMigrations: () => Promise.resolve([...wanted]),
  getMigrationName: (name) => name,
  async getMigration(name) {
    const { up } = (await import(new URL(name, MIGRATIONS).href)) as Pick<Knex.Migration, 'up'>;
    return { up, down: () => Promise.reject(new Error(`${name} cannot be undone. Restore a backup.`)) };
  },
});

async function runMigrations(
  { connectTimeout }: DatabaseOptions,
  hosts: Hosts,
  wanted: readonly string[],
): Promise<string[]> {
  const knex = knexFactory({
    client: 'pg',
    connection: {
      ...hosts.preferred(),
      application_name: 'stockroom migration',
      connectionTimeoutMillis: connectTimeout,
      keepAlive: true,
    } as Knex.PgConnectionConfig,
    pool: {
      min: 0,
      max: 2,
      afterCreate(client: pg.Client, done: (error?: unknown) => void) {
        pinSession(client, { statement: 0, idleInTransaction: 0, lock: 0 }).then(() => {
          done();
        }, done);
      },
    },
    // Errors are thrown. knex would also print the whole migration.
    log: { error: () => undefined, warn: () => undefined },
    migrations: { migrationSource: migrationSource(wanted) },
  });
  try {
    await knex.migrate.forceFreeMigrationsLock();
    const [, done] = (await knex.migrate.latest()) as [number, string[]];
    return done;
  } catch (error) {
    throw withoutStatementText(error);
  } finally {
    await knex.destroy();
  }
}

/**
 * Removes the prefix of knex from the message of a driver's error: the statement and " - ". The driver's own errors, such as
 * a broken connection, have no code, and failures.ts recognises them by their message alone. The error of knex stays as the
 * cause.
 */
function withoutStatementText(error: unknown): unknown {
  const { message, code } = error as Error & { code?: string };
  const begin = message.lastIndexOf(' - ');
  return code !== undefined || begin === -1 ? error : new Error(message.slice(begin + 3), { cause: error });
}

/** Existing rows are never changed or removed. (`on conflict` alone would burn an id for every trait at every start.) */
async function addStandardNames(client: pg.Client): Promise<void> {
  await client.query(
    `insert into resource_classes (id, name)
     select id - 1, name from unnest($1::text[]) with ordinality as standard (name, id)
     where not exists (select from resource_classes c where c.name = standard.name)
     on conflict do nothing`,
    [STANDARD_RESOURCE_CLASSES],
  );
  await client.query(
    `insert into traits (name)
     select name from unnest($1::text[]) as standard (name)
     where not exists (select from traits t where t.name = standard.name)
     on conflict do nothing`,
    [STANDARD_TRAITS],
  );
}
