import pg from 'pg';
import { reasonOf } from '../db/failures.js';
import { ImportError } from './problem.js';
import { ROWS_PER_PAGE, type Source, type Text } from './source.js';

const CONNECT_TIMEOUT_MS = 10_000;

export async function openPostgresql(url: URL): Promise<Source> {
  const client = new pg.Client({
    connectionString: url.href,
    application_name: 'stockroom import',
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    keepAlive: true,
    // Values are read as the database prints them: nothing is lost in a JavaScript number or date.
    types: { getTypeParser: () => (value: unknown) => value },
  });
  // The statement under way fails with the same error; without a listener the event would end the process.
  client.on('error', () => undefined);
  try {
    await client.connect();
    await client.query("set datestyle = 'ISO'; set timezone = 'UTC'; set statement_timeout = 0");
    await client.query('set idle_in_transaction_session_timeout = 0');
    await client.query('begin isolation level repeatable read read only');
  } catch (error) {
    await client.end().catch(() => undefined);
    throw new ImportError(`The database to import from cannot be used: ${reasonOf(error)}.`, { cause: error });
  }

  async function* pages(select: string): AsyncIterable<Text[][]> {
    await client.query(`declare import_page no scroll cursor for ${select}`);
    for (;;) {
      const { rows } = await client.query<Text[]>({
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
      const { rows } = await client.query<[string, Text]>({
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
