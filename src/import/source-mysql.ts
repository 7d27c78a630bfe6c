import { readFileSync } from 'node:fs';
import type { Connection, ConnectionOptions } from 'mysql2';
import { reasonOf } from '../db/failures.js';
import { ImportError } from './error.js';
import { ROWS_PER_PAGE, type Source, type DatabaseText } from './source.js';

const CONNECT_TIMEOUT_MS = 10_000;

/** Opens a source in MySQL or MariaDB. The driver is loaded only here, because the service does not need it. */
export async function openMysql(url: URL): Promise<Source> {
  const { createConnection } = await import('mysql2');
  const connection = createConnection(optionsOf(url));
  connection.on('error', () => undefined);
  const run = (statement: string): Promise<void> =>
    new Promise((resolve, reject) => {
      connection.query(statement, (error) => {
        if (error === null) resolve();
        else reject(error);
      });
    });
  try {
    // The import may write a page for a long time before it reads the next one. By default MySQL would close the connection after a minute.
    await run('set session net_write_timeout = 3600');
    // The statement timeouts of MariaDB and MySQL.
    await run('set session max_statement_time = 0').catch(() => run('set session max_execution_time = 0'));
    await run('set session transaction isolation level repeatable read');
    await run('start transaction with consistent snapshot, read only');
  } catch (error) {
    connection.destroy();
    throw new ImportError(`The database to import from cannot be used: ${reasonOf(error)}.`, { cause: error });
  }

  // While rows are unread, the connection is busy, and a graceful end would wait for them forever.
  let reading = false;
  async function* pages(select: string): AsyncIterable<DatabaseText[][]> {
    reading = true;
    yield* pagesOf(connection, select);
    reading = false;
  }

  return {
    dialect: 'mysql',
    pages,
    async columns() {
      const found = new Map<string, DatabaseText>();
      const select = `select lower(concat(table_name, '.', column_name)), collation_name from information_schema.columns
                      where table_schema = database()`;
      for await (const page of pages(select)) {
        for (const [name, collation] of page) found.set(name ?? '', collation ?? null);
      }
      return found;
    },
    async close() {
      if (reading) connection.destroy();
      else
        await new Promise<void>((resolve) => {
          connection.end(() => {
            resolve();
          });
        });
    },
  };
}

/** Yields pages while the server sends rows. When the buffer is full, the server waits. */
async function* pagesOf(connection: Connection, select: string): AsyncIterable<DatabaseText[][]> {
  const rows = connection
    .query({
      sql: select,
      rowsAsArray: true,
      // Values are the text that the database prints: a FLOAT has the six correct digits, as in the API of Placement, and a date is unchanged.
      typeCast: (field) => field.string(),
    })
    .stream({ highWaterMark: ROWS_PER_PAGE });
  let page: DatabaseText[][] = [];
  for await (const row of rows as AsyncIterable<DatabaseText[]>) {
    page.push(row);
    if (page.length === ROWS_PER_PAGE) {
      yield page;
      page = [];
    }
  }
  if (page.length > 0) yield page;
}

/** Reads the arguments of PyMySQL and mysqlclient about the connection. The import ignores others. */
function optionsOf(url: URL): ConnectionOptions {
  const argument = (name: string): string | undefined => url.searchParams.get(name) ?? undefined;
  const socketPath = argument('unix_socket');
  const [ca, cert, key] = ['ssl_ca', 'ssl_cert', 'ssl_key'].map((name) => {
    const file = argument(name);
    return file === undefined ? undefined : fileOf(name, file);
  });
  const encrypted = (ca ?? cert ?? key) !== undefined || argument('ssl') === 'true';
  const unverified = argument('ssl_verify_cert') === 'false' || ca === undefined;
  return {
    host: url.hostname.replace(/^\[(.*)\]$/, '$1') || 'localhost',
    port: Number(url.port === '' ? 3306 : url.port),
    user: decoded(url.username),
    password: decoded(url.password),
    database: decoded(url.pathname.slice(1)),
    connectTimeout: CONNECT_TIMEOUT_MS,
    ...(socketPath === undefined ? {} : { socketPath }),
    ...(encrypted
      ? {
          ssl: {
            ...(ca === undefined ? {} : { ca }),
            ...(cert === undefined ? {} : { cert }),
            ...(key === undefined ? {} : { key }),
            rejectUnauthorized: !unverified,
            verifyIdentity: argument('ssl_verify_identity') === 'true' || argument('ssl_check_hostname') === 'true',
          },
        }
      : {}),
  };
}

/** Decodes like Python: a per cent sign without two digits stays as it is. */
function decoded(text: string): string {
  return text.replaceAll(/(%[0-9a-f]{2})+/gi, (bytes) => Buffer.from(bytes.replaceAll('%', ''), 'hex').toString());
}

function fileOf(name: string, file: string): Buffer {
  try {
    return readFileSync(file);
  } catch (error) {
    throw new ImportError(`${name} of the URL to import from cannot be read: ${(error as Error).message}.`, {
      cause: error,
    });
  }
}
