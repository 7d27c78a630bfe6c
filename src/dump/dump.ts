import { createHash } from 'node:crypto';
import fs from 'node:fs';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';
import type pg from 'pg';
import { to as copyTo } from 'pg-copy-streams';
import { BEGIN_SNAPSHOT } from '../db/session.js';
import { countRows, END_OF_ROWS, FORMAT, lineOf, type Header } from './format.js';
import { DumpError } from './problem.js';
import { isHistoryOn, quoted, readHistoryDays, readSequences, readTables, type Table } from './tables.js';

/** What a dump says of the program that makes it. */
export interface DumpOrigin {
  readonly version: string;
  readonly migrations: readonly string[];
}

export interface DumpResult {
  readonly rows: number;
  readonly tables: number;
  /** Of the file. */
  readonly bytes: number;
}

/**
 * Writes all data of a database, as of one snapshot, into a new file that only its owner can read. The file has its name when it is whole.
 *
 * @param client with no deadline for statements
 * @param progress is told how many rows were written, and how many the planner expects
 * @throws DumpError when there is a file of the name
 */
export async function dumpDatabase(
  client: pg.Client,
  file: string,
  origin: DumpOrigin,
  progress: (rows: number, expected: number) => void,
): Promise<DumpResult> {
  if (fs.existsSync(file)) throw new DumpError(`${file} exists. A dump never replaces a file: name another.`);
  const unfinished = `${file}.part`;
  const handle = openNew(unfinished);
  try {
    const counts = { rows: 0, tables: 0 };
    const output = fs.createWriteStream('', { fd: handle, autoClose: false });
    await pipeline(dumpBytes(client, origin, counts, progress), createGzip(), output);
    fs.fsyncSync(handle);
    fs.renameSync(unfinished, file);
    return { ...counts, bytes: fs.statSync(file).size };
  } catch (error) {
    fs.rmSync(unfinished, { force: true });
    throw error;
  } finally {
    fs.closeSync(handle);
  }
}

function openNew(file: string): number {
  try {
    return fs.openSync(file, 'wx', 0o600);
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    throw new DumpError(
      code === 'EEXIST'
        ? `${file} exists: another dump into it is under way, or one was interrupted. Then remove it.`
        : `The dump cannot be written: ${message}.`,
      { cause: error },
    );
  }
}

interface Counts {
  rows: number;
  tables: number;
}

/** The bytes of a dump. A slow reader makes the database wait. */
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
  await client.query(BEGIN_SNAPSHOT);
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

/** A query and not the table: only so are the rows of partitions copied with it. */
function copyStatement({ name, columns }: Pick<Table, 'name' | 'columns'>): string {
  return `copy (select ${columns.map(quoted).join(', ')} from ${quoted(name)}) to stdout`;
}
