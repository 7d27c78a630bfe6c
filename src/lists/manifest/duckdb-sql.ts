import { columnsOf, type ColumnType, type ListShape } from '../read/columns.js';

const TYPES: Readonly<Record<ColumnType, string>> = {
  text: 'VARCHAR',
  boolean: 'BOOLEAN',
  int32: 'INTEGER',
  int64: 'BIGINT',
  double: 'DOUBLE',
  time: 'TIMESTAMPTZ',
};

/**
 * The files of a list as a table in DuckDB's SQL. Parquet has the names and types within; for CSV they stand here, and that
 * a text in quotes is a text although it is empty.
 *
 * Nothing is guessed: DuckDB takes a carriage return in the first name for the end of a line.
 *
 * @param files a path or URL, `*` and `?` stand for any characters
 */
export function duckdbTable(list: ListShape, files: string): string {
  const path = `'${files.replaceAll("'", "''")}'`;
  if (list.destination.format === 'parquet') return path;
  const columns = columnsOf(list).map(({ name, type }) => `${name}: '${TYPES[type]}'`);
  return `read_csv(${path}, auto_detect = false, new_line = '\\n', allow_quoted_nulls = false, columns = {${columns.join(', ')}})`;
}
