import type { Column } from './columns.js';
import type { JobSettings, OptionalField } from '../model.js';

/** The statement that reads a list, and the statement that counts its rows. Both have the same parameters. */
export interface ListStatement {
  readonly columns: readonly Column[];
  readonly rows: string;
  /** For a list of all versions the count is not always exact; all-versions.ts explains when. */
  readonly count: string;
  /** The source, and the prefix of keys, which is empty for all keys. */
  readonly values: readonly [string, string];
}

/** Returns the columns of a provider `t` that are read from other tables. A column that is not in the list is null. */
export function setsOf({ optional_fields: fields }: JobSettings): string {
  const wanted = (name: OptionalField, sql: string): string => (fields.includes(name) ? sql : 'null::text');
  return `, ${wanted('Traits', TRAITS)} as traits, ${wanted('Aggregates', AGGREGATES)} as aggregates`;
}

/** Percent-encodes a name (RFC 3986), byte by byte. Most names need no encoding. */
export function encoded(name: string): string {
  return `case when ${name} collate "C" ~ '^[A-Za-z0-9._~-]*$' then ${name} else (
    select string_agg(
      case when chr(byte) ~ '[A-Za-z0-9._~-]' and byte < 128 then chr(byte) else '%' || upper(lpad(to_hex(byte), 2, '0')) end,
      '' order by position)
    from generate_series(0, octet_length(convert_to(${name}, 'UTF8')) - 1) position
    cross join lateral (select get_byte(convert_to(${name}, 'UTF8'), position)) bytes (byte)
  ) end`;
}

/** The providers that exist. @param wanted returns the SQL condition on a path */
export function treeWhere(wanted: (path: string) => string): string {
  return `
  tree (id, uuid, name, generation, parent_uuid, root_uuid, root_name, path, raw_path) as (
    select r.id, r.uuid, r.name, r.generation, null::text, r.uuid, r.name, ${encoded('r.name')} || '/', r.name || '/'
    from resource_providers r
    where r.parent_provider_id is null and ${wanted("(r.name || '/')")}
    union all
    select r.id, r.uuid, r.name, r.generation, t.uuid, t.root_uuid, t.root_name,
      t.path || ${encoded('r.name')} || '/', t.raw_path || r.name || '/'
    from tree t
    join resource_providers r on r.parent_provider_id = t.id
    where ${wanted("(t.raw_path || r.name || '/')")}
  )`;
}

const TRAITS = `coalesce((
    select string_agg(n.name, ' ' order by n.name collate "C")
    from resource_provider_traits h join traits n on n.id = h.trait_id
    where h.resource_provider_id = t.id), '')`;

const AGGREGATES = `coalesce((
    select string_agg(h.aggregate_uuid, ' ' order by h.aggregate_uuid collate "C")
    from resource_provider_aggregates h
    where h.resource_provider_id = t.id), '')`;

/**
 * The capacity of an inventory. It stays within 64 bits for any imported ratio, and so does the capacity minus `used`:
 * 9223372036854774784 is the largest double below 2^63, and the lower bound is -2^62.
 */
export function capacityOf(inventory: string): string {
  return `greatest(-4611686018427387904::float8, least(9223372036854774784::float8,
      floor((${inventory}.total - ${inventory}.reserved) * ${inventory}.allocation_ratio)))::bigint`;
}

export const CLASSES = `(select k.id, k.name, ${encoded('k.name')} as path from resource_classes k offset 0)`;
