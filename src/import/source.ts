/** A value as the database prints it. */
export type DatabaseText = string | null;

/**
 * The database of an existing Placement. The import reads it in one snapshot, so all pages of all tables are from the same moment,
 * independently of later writes. It never writes to it.
 */
export interface Source {
  readonly dialect: 'mysql' | 'postgresql';
  /** Yields the rows of a SELECT, {@link ROWS_PER_PAGE} at a time. Each page is fetched when the caller asks for it. */
  pages(select: string): AsyncIterable<readonly (readonly DatabaseText[])[]>;
  /** Returns the existing columns, `table.column` in lower case, each with its collation. */
  columns(): Promise<ReadonlyMap<string, DatabaseText>>;
  close(): Promise<void>;
}

/** The number of rows that are read and written at a time. It limits the memory of an import. */
export const ROWS_PER_PAGE = 5000;

export async function allRows(source: Source, select: string): Promise<(readonly DatabaseText[])[]> {
  const rows: (readonly DatabaseText[])[] = [];
  for await (const page of source.pages(select)) rows.push(...page);
  return rows;
}
