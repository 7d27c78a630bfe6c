import type { Column } from './columns.js';
import type { JobSettings, OptionalField } from '../model.js';

/** The statement that reads a list, and the one that counts its rows; both have the same parameters. */
export interface ListStatement {
  readonly columns: readonly Column[];
  readonly rows: string;
  /** Of a list of all versions not always exact: all-versions.ts says when. */
  readonly count: string;
  /** The source and the prefix of keys, empty for all of them. */
  readonly values: readonly [string, string];
}

/** Columns of a provider `t` that take a look at other tables, where the list has them. */
export function setsOf({ optional_fields: fields }: JobSettings): string {
  const wanted = (name: OptionalField, sql: string): string => (fields.includes(name) ? sql : 'null::text');
  return `, ${wanted('Traits', TRAITS)} as traits, ${wanted('Aggregates', AGGREGATES)} as aggregates`;
}

/** Percent-encodes a name (RFC 3986), byte by byte; most names need nothing. */
export function encoded(name: string): string {
  return `case when ${name} collate "C" ~ '^[A-Za-z0-9._~-]*$' then ${name} else (
    select string_agg(
      case when chr(byte) ~ '[A-Za-z0-9._~-]' and byte < 128 then chr(byte) else '%' || upper(lpad(to_hex(byte), 2, '0')) end,
      '' order by position)
    from generate_series(0, octet_length(convert_to(${name}, 'UTF8')) - 1) position
    cross join lateral (select get_byte(convert_to(${name}, 'UTF8'), position)) bytes (byte)
  ) end`;
}

/** The providers that there are. @param wanted the condition on a path */
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
 * The capacity of an inventory. It stays within 64 bits, whatever an imported ratio is, and so does what is left of it after `used`:
 * 9223372036854774784 is the largest double below 2^63, the lower bound is -2^62.
 */
export function capacityOf(inventory: string): string {
  return `greatest(-4611686018427387904::float8, least(9223372036854774784::float8,
      floor((${inventory}.total - ${inventory}.reserved) * ${inventory}.allocation_ratio)))::bigint`;
}

export const CLASSES = `(select k.id, k.name, ${encoded('k.name')} as path from resource_classes k offset 0)`;
