import type pg from 'pg';

/** A row that exists, locked or not. */
export interface NamedRow {
  readonly kind: 'provider' | 'consumer';
  readonly id: number;
  readonly uuid: string;
}

/** Finds the names of rows that were not locked. Returns one {@link NamedRow} for each that exists. */
export function nameRows(
  providerUuids: readonly string[],
  providerIds: readonly number[],
  consumerIds: readonly number[],
): pg.QueryConfig {
  return { text: NAME_ROWS, values: [providerUuids, providerIds, consumerIds] };
}

const NAME_ROWS = `
  select 'provider' as kind, id::float8 as id, uuid from resource_providers
  where uuid = any($1::text[]) or id = any($2::integer[])
  union all
  select 'consumer', id::float8, uuid from consumers where id = any($3::bigint[])`;
