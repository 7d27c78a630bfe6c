/** A value as the database prints it. */
export type DatabaseText = string | null;

/**
 * An existing Placement's database, read in one snapshot: all pages of all tables show one moment, however long reading
 * takes and what is written meanwhile. Nothing is ever written.
 */
export interface Source {
  readonly dialect: 'mysql' | 'postgresql';
  /** The rows of a SELECT, {@link ROWS_PER_PAGE} at a time; the next page is fetched when it is asked for. */
  pages(select: string): AsyncIterable<readonly (readonly DatabaseText[])[]>;
  /** The columns that are there, `table.column` in lower case, each with its collation. */
  columns(): Promise<ReadonlyMap<string, DatabaseText>>;
  close(): Promise<void>;
}

/** Rows that are read and written at a time: what bounds the memory of an import. */
export const ROWS_PER_PAGE = 5000;

export async function allRows(source: Source, select: string): Promise<(readonly DatabaseText[])[]> {
  const rows: (readonly DatabaseText[])[] = [];
  for await (const page of source.pages(select)) rows.push(...page);
  return rows;
}
