import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { DuckDBInstance } from '@duckdb/node-api';
import { temporaryFolder } from './process.js';

/** Of the types that lists have; 64-bit numbers and times are texts. */
export type DuckDBRow = Record<string, string | number | boolean | null>;

/** Rows of a query in which DuckDB, an independent implementation, reads our files. */
export async function duckdb(query: string): Promise<DuckDBRow[]> {
  const instance = await DuckDBInstance.create(':memory:', { threads: '1' });
  const connection = await instance.connect();
  try {
    await connection.run("set timezone = 'UTC'");
    return (await connection.runAndReadAll(query)).getRowObjectsJson() as DuckDBRow[];
  } finally {
    connection.closeSync();
    instance.closeSync();
  }
}

/** A text in SQL. */
function quoted(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}

/** A table of the CSV parts of a list, as the contract reads them: without a header, the names from the manifest. */
export function csvTable(files: readonly string[], schema: string, options = ''): string {
  const names = schema.split(', ').map(quoted).join(', ');
  return `read_csv([${files.map(quoted).join(', ')}], header = false, names = [${names}]${options})`;
}

export function parquetTable(files: readonly string[]): string {
  return `read_parquet([${files.map(quoted).join(', ')}])`;
}

/** A folder for the PATH of a shell in which `duckdb` is a command. */
export async function folderWithDuckdb(): Promise<string> {
  const folder = await temporaryFolder();
  const script = fileURLToPath(new URL('duckdb-cli.js', import.meta.url));
  await writeFile(path.join(folder, 'duckdb'), `#!/bin/sh\nexec '${process.execPath}' '${script}' "$@"\n`, {
    mode: 0o755,
  });
  return folder;
}
