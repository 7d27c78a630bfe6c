import type { Sequence } from './tables.js';

/**
 * The format of a dump, which is compressed with gzip. It begins with a line of JSON with the {@link Header}. Then come for each table a
 * line of JSON with its {@link Section}, its rows in the text format of COPY, and a line `\.`. It ends with a line of JSON with the
 * {@link Trailer}. docs/adr/0031-dump-and-restore.md has the reasons.
 */
export const FORMAT = 'stockroom dump 1';

export interface Header {
  readonly format: typeof FORMAT;
  /** ISO 8601, UTC. */
  readonly made_at: string;
  /** The version of Stockroom. */
  readonly made_by: string;
  /** The version of PostgreSQL: `17.6`. */
  readonly server: string;
  /** The migrations of the database, the oldest first. */
  readonly migrations: readonly string[];
  /** Whether changes are recorded; null when the schema has no history. */
  readonly history: boolean | null;
  /** Days that have partitions of the history, `2026-11-27`. */
  readonly history_days: readonly string[];
}

export interface Section {
  readonly table: string;
  readonly columns: readonly string[];
}

export interface Trailer {
  /** The number of rows by table. */
  readonly rows: Readonly<Record<string, number>>;
  readonly sequences: readonly Sequence[];
  /** The SHA-256 of all bytes before the line of the trailer, in hexadecimal digits. */
  readonly sha256: string;
}

/** The line after the rows of a table. It cannot be a row, because COPY writes a backslash as two. */
export const END_OF_ROWS = '\\.\n';

/** A line of JSON. */
export function lineOf(value: Header | Section | Trailer): Buffer {
  return Buffer.from(`${JSON.stringify(value)}\n`);
}

const NEWLINE = 10;

/** COPY writes one row on each line. */
export function countRows(chunk: Uint8Array): number {
  let rows = 0;
  for (let at = chunk.indexOf(NEWLINE); at !== -1; at = chunk.indexOf(NEWLINE, at + 1)) rows++;
  return rows;
}
