import { ByteWriter, ParquetWriter } from 'hyparquet-writer';
import type { Column, ColumnType } from '../read/columns.js';
import type { PartFile } from './part-file.js';
import type { PartWriter } from './part-writer.js';

type SchemaElement = ConstructorParameters<typeof ParquetWriter>[0]['schema'][number];

const GROUP_ROWS = 50_000;

interface ParquetType {
  readonly element: Omit<SchemaElement, 'name'>;
  /** The name of the type in the text of the schema. */
  readonly text: string;
  readonly logical?: string;
  readonly read: (value: string) => unknown;
}

const TYPES: Readonly<Record<ColumnType, ParquetType>> = {
  text: {
    element: { type: 'BYTE_ARRAY', converted_type: 'UTF8', logical_type: { type: 'STRING' } },
    text: 'binary',
    logical: 'STRING',
    read: (value) => value,
  },
  boolean: { element: { type: 'BOOLEAN' }, text: 'boolean', read: (value) => value === 'true' },
  int32: { element: { type: 'INT32' }, text: 'int32', read: Number },
  int64: { element: { type: 'INT64' }, text: 'int64', read: BigInt },
  double: { element: { type: 'DOUBLE' }, text: 'double', read: Number },
  // The logical type says that the time is in UTC; with the converted type alone DuckDB reads it as a local time.
  time: {
    element: { type: 'INT64', logical_type: { type: 'TIMESTAMP', isAdjustedToUTC: true, unit: 'MILLIS' } },
    text: 'int64',
    logical: 'TIMESTAMP(MILLIS,true)',
    read: BigInt,
  },
};

/** Returns the schema for the manifest: `message placement.inventory { required binary Bucket (STRING); ... }`. */
export function parquetSchemaText(columns: readonly Column[]): string {
  const fields = columns.map(({ name, type, nullable }) => {
    const { text, logical } = TYPES[type];
    return `${nullable ? 'optional' : 'required'} ${text} ${name}${logical === undefined ? '' : ` (${logical})`};`;
  });
  return `message placement.inventory { ${fields.join(' ')} }`;
}

/** Writes a part in Parquet: with snappy, 50,000 rows in a group, and dictionaries for text. */
export function parquetWriter(columns: readonly Column[], file: PartFile): PartWriter {
  const buffer = new ByteWriter();
  const parquet = new ParquetWriter({ writer: buffer, schema: schemaOf(columns), createdBy: 'stockroom' });
  let group = emptyGroup();
  let rowsInGroup = 0;

  function emptyGroup(): { column: Column; data: unknown[] }[] {
    return columns.map((column) => ({ column, data: [] }));
  }

  /** Writes the encoded bytes to the file. The writer then uses the buffer again. */
  async function drain(): Promise<void> {
    await file.write(buffer.getBytes());
    buffer.index = 0;
  }

  async function writeGroup(): Promise<void> {
    const columnData = group.map(({ column, data }) => ({ name: column.name, data }));
    await parquet.write({ columnData, rowGroupSize: GROUP_ROWS });
    group = emptyGroup();
    rowsInGroup = 0;
    await drain();
  }

  return {
    async add(rows) {
      for (const [i, { column, data }] of group.entries()) {
        const { read } = TYPES[column.type];
        for (const row of rows) data.push(row[i] == null ? null : read(row[i]));
      }
      rowsInGroup += rows.length;
      if (rowsInGroup >= GROUP_ROWS) await writeGroup();
    },
    async finish() {
      if (rowsInGroup > 0) await writeGroup();
      await parquet.finish();
      await drain();
    },
  };
}

function schemaOf(columns: readonly Column[]): SchemaElement[] {
  return [
    { name: 'placement.inventory', num_children: columns.length },
    ...columns.map(({ name, type, nullable }) => ({
      name,
      repetition_type: nullable ? ('OPTIONAL' as const) : ('REQUIRED' as const),
      ...TYPES[type].element,
    })),
  ];
}
