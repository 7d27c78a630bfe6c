/** A table of upstream that the import reads. */
export interface SourceTable {
  readonly name: string;
  readonly columns: Readonly<Record<string, 'integer' | 'text' | 'double precision' | 'time'>>;
  /** A text column to which other tables refer. `<column>_key` has the text again, in a form that compares as in the source. */
  readonly key?: string;
  /** The column that names a row in messages. */
  readonly label: string;
}

const TIMES = { created_at: 'time', updated_at: 'time' } as const;

export const SOURCE_TABLES: readonly SourceTable[] = [
  { name: 'resource_classes', label: 'id', columns: { id: 'integer', name: 'text', ...TIMES } },
  { name: 'traits', label: 'id', columns: { id: 'integer', name: 'text', ...TIMES } },
  {
    name: 'resource_providers',
    label: 'id',
    columns: {
      id: 'integer',
      uuid: 'text',
      name: 'text',
      generation: 'integer',
      root_provider_id: 'integer',
      parent_provider_id: 'integer',
      ...TIMES,
    },
  },
  {
    name: 'inventories',
    label: 'id',
    columns: {
      id: 'integer',
      resource_provider_id: 'integer',
      resource_class_id: 'integer',
      total: 'integer',
      reserved: 'integer',
      min_unit: 'integer',
      max_unit: 'integer',
      step_size: 'integer',
      allocation_ratio: 'double precision',
      ...TIMES,
    },
  },
  {
    name: 'resource_provider_traits',
    label: 'resource_provider_id',
    columns: { resource_provider_id: 'integer', trait_id: 'integer', ...TIMES },
  },
  { name: 'placement_aggregates', label: 'id', columns: { id: 'integer', uuid: 'text', ...TIMES } },
  {
    name: 'resource_provider_aggregates',
    label: 'resource_provider_id',
    columns: { resource_provider_id: 'integer', aggregate_id: 'integer', ...TIMES },
  },
  { name: 'projects', label: 'id', columns: { id: 'integer', external_id: 'text', ...TIMES } },
  { name: 'users', label: 'id', columns: { id: 'integer', external_id: 'text', ...TIMES } },
  { name: 'consumer_types', label: 'id', columns: { id: 'integer', name: 'text', ...TIMES } },
  {
    name: 'consumers',
    label: 'id',
    key: 'uuid',
    columns: {
      id: 'integer',
      uuid: 'text',
      project_id: 'integer',
      user_id: 'integer',
      generation: 'integer',
      consumer_type_id: 'integer',
      ...TIMES,
    },
  },
  {
    name: 'allocations',
    label: 'id',
    key: 'consumer_id',
    columns: {
      id: 'integer',
      resource_provider_id: 'integer',
      consumer_id: 'text',
      resource_class_id: 'integer',
      used: 'integer',
      ...TIMES,
    },
  },
];

/** The table and the column that came with consumer types. Older databases lack them. */
const OF_CONSUMER_TYPES = ['consumer_types', 'consumers.consumer_type_id'];

/** Whether databases of a revision have a table or a column. */
export function isThere(name: string, { consumerTypes }: { consumerTypes: boolean }): boolean {
  return consumerTypes || !OF_CONSUMER_TYPES.includes(name);
}
