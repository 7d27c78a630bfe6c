import type { JobSettings, OptionalField } from '../model.js';

/**
 * The form of values: `text` and `boolean` as they are, `time` as milliseconds since 1970, the others as decimal numbers.
 * PostgreSQL sends all of them as text.
 */
export type ColumnType = 'text' | 'boolean' | 'int32' | 'int64' | 'double' | 'time';

/** A column of a list. */
export interface Column {
  readonly name: string;
  readonly type: ColumnType;
  readonly nullable: boolean;
  /**
   * The value in SQL. It may use `p` (a provider of the tree, with the sets of fragments.ts), `i` (its inventory), `c` (the resource
   * class), `v` (the version) and `$1` (the source).
   */
  readonly sql: string;
}

/** The settings of a job that decide the columns of its lists and their form. */
export interface ListShape extends Pick<JobSettings, 'included_versions' | 'optional_fields'> {
  readonly destination: Pick<JobSettings['destination'], 'format'>;
}

/** A row as the database sends it: the values of the columns in their order, then the name of the root. */
export type ListRow = readonly (string | null)[];

const CAPACITY = 'i.capacity';

/**
 * The table of docs/contract/inventory-lists.md#columns, in its order. `Size`, `ETag` and `StorageClass` are other names for data of the
 * inventory. `IsMultipartUploaded`, `ReplicationStatus` and `EncryptionStatus` are constants.
 */
const OPTIONAL: Readonly<Record<OptionalField, Omit<Column, 'name'>>> = {
  Size: int32('i.total'),
  LastModifiedDate: column(
    'time',
    '(floor(extract(epoch from coalesce(i.updated_at, i.created_at)) * 1000))::bigint::text',
  ),
  ETag: text('p.generation::text'),
  StorageClass: text('c.name'),
  IsMultipartUploaded: column('boolean', "'false'"),
  ReplicationStatus: text("''"),
  EncryptionStatus: text("'NOT-SSE'"),
  ProviderUuid: text('p.uuid'),
  ProviderName: text('p.name'),
  ParentUuid: { ...text('p.parent_uuid'), nullable: true },
  RootUuid: text('p.root_uuid'),
  RootName: text('p.root_name'),
  ResourceClass: text('c.name'),
  Total: int32('i.total'),
  Reserved: int32('i.reserved'),
  MinUnit: int32('i.min_unit'),
  MaxUnit: int32('i.max_unit'),
  StepSize: int32('i.step_size'),
  AllocationRatio: column('double', 'i.allocation_ratio'),
  Capacity: column('int64', CAPACITY),
  Used: column('int64', 'i.used'),
  Free: column('int64', `${CAPACITY} - i.used`),
  Generation: int32('p.generation'),
  Traits: text('p.traits'),
  Aggregates: text('p.aggregates'),
};

const VERSION_COLUMNS: readonly Column[] = [
  { name: 'VersionId', ...text('v.id') },
  { name: 'IsLatest', ...column('boolean', 'v.is_latest::text') },
  { name: 'IsDeleteMarker', ...column('boolean', 'v.is_delete_marker::text') },
];

/** The columns that have a value in every version of an inventory, also in delete markers. */
const OF_EVERY_VERSION: readonly OptionalField[] = [
  'StorageClass',
  'IsMultipartUploaded',
  'ReplicationStatus',
  'EncryptionStatus',
  'ProviderUuid',
  'ProviderName',
  'RootUuid',
  'RootName',
  'ResourceClass',
];

/** The columns of a job's list, in their order. In CSV the names in a Key are percent-encoded, in Parquet they are not. */
export function columnsOf({ included_versions: versions, optional_fields: fields, destination }: ListShape): Column[] {
  const key = destination.format === 'csv' ? 'p.path || c.path' : 'p.raw_path || c.name';
  const wanted = new Set(fields);
  return [
    { name: 'Bucket', ...text('$1::text') },
    { name: 'Key', ...text(key) },
    ...(versions === 'all' ? VERSION_COLUMNS : []),
    ...(Object.entries(OPTIONAL) as [OptionalField, Omit<Column, 'name'>][])
      .filter(([name]) => wanted.has(name))
      .map(([name, one]) => ({
        name,
        ...one,
        nullable: one.nullable || (versions === 'all' && !OF_EVERY_VERSION.includes(name)),
      })),
  ];
}

function column(type: ColumnType, sql: string): Omit<Column, 'name'> {
  return { type, nullable: false, sql };
}

function text(sql: string): Omit<Column, 'name'> {
  return column('text', sql);
}

function int32(sql: string): Omit<Column, 'name'> {
  return column('int32', sql);
}
