import { createHash } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';
import type pg from 'pg';
import { to as copyTo } from 'pg-copy-streams';
import { isLockTimeout } from '../db/failures.js';
import { BEGIN_SNAPSHOT } from '../db/session.js';
import { syncFolder } from '../sync-folder.js';
import { countRows, END_OF_ROWS, FORMAT, lineOf, type Header } from './format.js';
import { DumpError } from './error.js';
import {
  DUMPED_TABLES,
  existingTables,
  isHistoryOn,
  quoted,
  readHistoryDays,
  readSequences,
  readTables,
  type Table,
} from './tables.js';

/** The program that makes a dump. */
export interface DumpOrigin {
  readonly version: string;
  readonly migrations: readonly string[];
}

export interface DumpResult {
  readonly rows: number;
  readonly tables: number;
  /** The size of the file. */
  readonly bytes: number;
}

/** The lock timeout is long enough for DDL of a running service. A restore or a migration may take longer. */
const LOCK_TIMEOUT = '5s';

/**
 * Writes all data of a database, from one snapshot, into a new file that only its owner can read. The file gets its name when it is
 * complete.
 *
 * @param client without a statement timeout
 * @param progress is called with the number of rows written so far, and the planner's estimate of all rows
 * @throws DumpError when the file exists or cannot be written, or when another session locks the tables; errors of the driver otherwise
 */
export async function dumpDatabase(
  client: pg.Client,
  file: string,
  origin: DumpOrigin,
  progress: (rows: number, expected: number) => void,
): Promise<DumpResult> {
  if (fs.existsSync(file)) throw new DumpError(`${file} exists. A dump never replaces a file: name another.`);
  const unfinished = `${file}.part`;
  const handle = await openNew(unfinished);
  try {
    const counts = { rows: 0, tables: 0 };
    // The stream syncs and closes the file, also when the pipeline fails.
    await pipeline(
      dumpBytes(client, origin, counts, progress),
      createGzip(),
      handle.createWriteStream({ flush: true }),
    );
    fs.renameSync(unfinished, file);
    await syncFolder(path.dirname(file));
    return { ...counts, bytes: fs.statSync(file).size };
  } catch (error) {
    fs.rmSync(unfinished, { force: true });
    throw toDumpError(error);
  }
}

async function openNew(file: string): Promise<fs.promises.FileHandle> {
  try {
    return await fs.promises.open(file, 'wx', 0o600);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw unwritable(error);
    throw new DumpError(`${file} exists: another dump into it is under way, or one was interrupted. Then remove it.`, {
      cause: error,
    });
  }
}

/** Codes of file errors. Errors of a database connection have other codes. */
const FILE_ERRORS = new Set(['ENOSPC', 'EDQUOT', 'EFBIG', 'EIO', 'EROFS', 'ESTALE']);

function toDumpError(error: unknown): unknown {
  if (isLockTimeout(error)) {
    return new DumpError(
      `Another session locks the tables and did not finish within ${LOCK_TIMEOUT}: a restore or a migration runs. Dump again when it has ended.`,
      { cause: error },
    );
  }
  return FILE_ERRORS.has((error as NodeJS.ErrnoException).code ?? '') ? unwritable(error) : error;
}

function unwritable(error: unknown): DumpError {
  return new DumpError(`The dump cannot be written: ${(error as Error).message}.`, { cause: error });
}

interface Counts {
  rows: number;
  tables: number;
}

/** Yields the bytes of a dump. PostgreSQL waits when the reader of the bytes is slow. */
async function* dumpBytes(
  client: pg.Client,
  origin: DumpOrigin,
  counts: Counts,
  progress: (rows: number, expected: number) => void,
): AsyncGenerator<Buffer> {
  const hash = createHash('sha256');
  const hashed = (bytes: Buffer): Buffer => {
    hash.update(bytes);
    return bytes;
  };
  await beginLocked(client, origin);
  yield hashed(lineOf(await headerOf(client, origin)));
  const tables = await readTables(client);
  const expected = tables.reduce((sum, { estimate }) => sum + estimate, 0);
  const rows: Record<string, number> = {};
  for (const { name, columns } of tables) {
    yield hashed(lineOf({ table: name, columns }));
    const before = counts.rows;
    for await (const chunk of client.query(copyTo(copyStatement({ name, columns }))) as AsyncIterable<Buffer>) {
      yield hashed(chunk);
      progress((counts.rows += countRows(chunk)), expected);
    }
    rows[name] = counts.rows - before;
    yield hashed(Buffer.from(END_OF_ROWS));
  }
  counts.tables = tables.length;
  const sequences = await readSequences(client);
  await client.query('commit');
  yield lineOf({ rows, sequences, sha256: hash.digest('hex') });
}

/**
 * Begins the transaction of the dump. It takes the locks before the snapshot, because TRUNCATE is not MVCC-safe (PostgreSQL documentation,
 * Concurrency Control, Caveats): when a restore truncates and commits between the snapshot and COPY, COPY reads no rows. LOCK TABLE takes
 * no snapshot.
 *
 * @throws DumpError when a migration changed the schema before the locks were taken
 */
async function beginLocked(client: pg.Client, { migrations }: DumpOrigin): Promise<void> {
  const names = await existingTables(client, DUMPED_TABLES);
  await client.query(BEGIN_SNAPSHOT);
  await client.query(`set local lock_timeout = '${LOCK_TIMEOUT}'`);
  await client.query(`lock table ${names.map(quoted).join(', ')} in access share mode`);
  const { rows } = await client.query<{ name: string }>('select name from knex_migrations order by name');
  if (rows.map(({ name }) => name).join() === migrations.join()) return;
  throw new DumpError('A migration changed the schema while the dump began. Dump again.');
}

async function headerOf(client: pg.Client, { version, migrations }: DumpOrigin): Promise<Header> {
  const { rows } = await client.query<{ server: string }>(`select split_part(version(), ' ', 2) as server`);
  return {
    format: FORMAT,
    made_at: new Date().toISOString(),
    made_by: version,
    server: rows[0]?.server ?? '',
    migrations,
    history: await isHistoryOn(client),
    history_days: await readHistoryDays(client),
  };
}

/** COPY of a partitioned table copies nothing; COPY of a query includes the rows of its partitions. */
function copyStatement({ name, columns }: Pick<Table, 'name' | 'columns'>): string {
  return `copy (select ${columns.map(quoted).join(', ')} from ${quoted(name)}) to stdout`;
}
