import pg from 'pg';
import { parseDatabaseUrl } from '../database-url/parse.js';
import { reasonOf } from '../db/failures.js';
import { destroyClient } from '../db/close-client.js';
import { createHosts } from '../db/hosts.js';
import { BEGIN_SNAPSHOT } from '../db/session.js';
import { ImportError } from './error.js';
import { ROWS_PER_PAGE, type Source, type DatabaseText } from './source.js';

const CONNECT_TIMEOUT_MS = 10_000;

/** @param href in the form of `databaseHref`. With target_session_attrs=read-write the import skips a standby */
export async function openPostgresql(href: string): Promise<Source> {
  const client = await connect(href).catch((error: unknown) => {
    throw new ImportError(`The database to import from cannot be used: ${reasonOf(error)}.`, { cause: error });
  });

  async function* pages(select: string): AsyncIterable<DatabaseText[][]> {
    await client.query(`declare import_page no scroll cursor for ${select}`);
    for (;;) {
      const { rows } = await client.query<DatabaseText[]>({
        text: `fetch ${ROWS_PER_PAGE} from import_page`,
        rowMode: 'array',
      });
      if (rows.length > 0) yield rows;
      if (rows.length < ROWS_PER_PAGE) break;
    }
    await client.query('close import_page');
  }

  return {
    dialect: 'postgresql',
    pages,
    async columns() {
      const { rows } = await client.query<[string, DatabaseText]>({
        text: `select table_name || '.' || column_name, collation_name from information_schema.columns
               where table_schema = any (current_schemas(false))`,
        rowMode: 'array',
      });
      return new Map(rows);
    },
    async close() {
      await client.end().catch(() => undefined);
    },
  };
}

async function connect(href: string): Promise<pg.Client> {
  const url = parseDatabaseUrl(href);
  const primary = ['read-write', 'primary'].includes(url?.parameters.get('target_session_attrs') ?? '');
  return createHosts(href).connect(async (config) => {
    const client = new pg.Client({
      application_name: 'stockroom import',
      connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
      keepAlive: true,
      ...config,
      // Values are the text that the database prints, because a number or date of JavaScript could lose digits.
      types: { getTypeParser: () => (value: unknown) => value },
    });
    // The running statement fails with the same error. Without a listener the event would end the process.
    client.on('error', () => undefined);
    try {
      await client.connect();
      await client.query('set statement_timeout = 0');
      await client.query(OF_SOURCE);
      const { rows } = await client.query<{ standby: string }>('select pg_is_in_recovery()::text as standby');
      if (primary && rows[0]?.standby === 'true') throw new Error('the server is a standby (in recovery)');
      await client.query(BEGIN_SNAPSHOT);
    } catch (error) {
      destroyClient(client);
      throw error;
    }
    return client;
  });
}

/** The settings of the text form of values and of timeouts (docs/adr/0014). */
const OF_SOURCE =
  "set datestyle = 'ISO'; set timezone = 'UTC'; set intervalstyle = 'postgres'; set extra_float_digits = 1; set bytea_output = 'hex'; " +
  'set standard_conforming_strings = on; set idle_in_transaction_session_timeout = 0; set lock_timeout = 0; set jit = off';
