import type { Column } from '../read/columns.js';
import { parquetSchemaText } from './write-parquet.js';

/** `fileSchema` of a manifest. */
export function schemaText(columns: readonly Column[], format: 'csv' | 'parquet'): string {
  return format === 'csv' ? columns.map(({ name }) => name).join(', ') : parquetSchemaText(columns);
}
