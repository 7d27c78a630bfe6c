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
 * Returns the files of a list as a table in the SQL of DuckDB. Parquet files contain the names and types of their columns. For CSV the
 * SQL has them, and `allow_quoted_nulls = false`, so that an empty text in quotes is a text.
 *
 * The SQL turns automatic detection off, because DuckDB would treat a carriage return in the first name as the end of a line.
 *
 * @param files a path or URL; `*` and `?` match any characters
 */
export function duckdbTable(list: ListShape, files: string): string {
  const path = `'${files.replaceAll("'", "''")}'`;
  if (list.destination.format === 'parquet') return path;
  const columns = columnsOf(list).map(({ name, type }) => `${name}: '${TYPES[type]}'`);
  return `read_csv(${path}, auto_detect = false, new_line = '\\n', allow_quoted_nulls = false, columns = {${columns.join(', ')}})`;
}
