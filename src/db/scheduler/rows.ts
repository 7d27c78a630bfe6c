/**
 * The rows that writers wait for, the SQL that waits for one of them, and the SQL that finds locked ones. The name of a row
 * is its kind and a key that never changes: `provider 4e8e5957-...`. Two kinds have no row: `name` is a provider's name that
 * a write takes, `trees` is the shape of all trees.
 */
export type Row = `${Kind} ${string}`;

type Kind = 'provider' | 'parent' | 'consumer' | 'class' | 'trait' | 'job' | 'name' | 'trees' | 'unknown';

export const providerRow = (uuid: string): Row => `provider ${uuid}`;
/** A provider that a write refers to. Writes that only change its usage do not block it. */
export const parentRow = (uuid: string): Row => `parent ${uuid}`;
export const consumerRow = (uuid: string): Row => `consumer ${uuid}`;
export const classRow = (name: string): Row => `class ${name}`;
export const traitRow = (name: string): Row => `trait ${name}`;
/** An inventory job, with its runs. */
export const jobRow = (id: string): Row => `job ${id}`;
export const nameRow = (name: string): Row => `name ${name}`;
export const TREES: Row = 'trees all';
/** The write waits for a row that no query can see: another transaction has not committed it yet. */
export const UNKNOWN: Row = 'unknown row';

/**
 * The statements that wait for a row while nothing else is locked. A provider includes its inventories, whose `used` changes
 * with each claim.
 */
export function lockingStatements(row: Row): { text: string; values: string[] }[] {
  const [kind, name] = split(row);
  return (LOCKS[kind] ?? []).map((text) => ({ text, values: [name] }));
}

const LOCKS: Readonly<Partial<Record<Kind, readonly string[]>>> = {
  provider: [
    'select from resource_providers where uuid = $1 for no key update',
    `select from inventories i
     where i.resource_provider_id = (select id from resource_providers where uuid = $1)
     order by i.resource_class_id for no key update`,
  ],
  parent: ['select from resource_providers where uuid = $1 for key share'],
  consumer: ['select from consumers where uuid = $1 for update'],
  class: ['select from resource_classes where name = $1 for key share'],
  trait: ['select from traits where name = $1 for key share'],
  job: ['select from list_jobs where id = $1 for update'],
};

/**
 * Finds the rows that another transaction has locked now, among the given rows and the providers of the given consumers. It
 * waits for none. What it locks itself is free again when the statement ends. One column, `row`.
 */
export function lockedRowsStatement(rows: Iterable<Row>): { text: string; values: string[][] } {
  const kinds = ['provider', 'parent', 'consumer', 'class', 'trait', 'job'] as const;
  const names: Record<string, string[]> = {};
  for (const row of rows) {
    const [kind, name] = split(row);
    (names[kind] ??= []).push(name);
  }
  return { text: LOCKED_ROWS, values: kinds.map((kind) => names[kind] ?? []) };
}

const LOCKED_ROWS = `
  with consumer as materialized (
    select id, uuid from consumers where uuid = any($3::text[])
  ), free_consumers as materialized (
    select id from consumers where id in (select id from consumer) for update skip locked
  ), provider as materialized (
    select id, uuid from resource_providers where uuid = any($1::text[])
      or id in (select resource_provider_id from allocations where consumer_id in (select id from consumer))
  ), free_providers as materialized (
    select id from resource_providers where id in (select id from provider) for no key update skip locked
  ), inventory as materialized (
    select resource_provider_id, resource_class_id from inventories
    where resource_provider_id in (select id from provider)
  ), free_inventories as materialized (
    select resource_provider_id, resource_class_id from inventories
    where resource_provider_id in (select id from provider) for no key update skip locked
  ), free_parents as materialized (
    select uuid from resource_providers where uuid = any($2::text[]) for key share skip locked
  ), free_classes as materialized (
    select name from resource_classes where name = any($4::text[]) for key share skip locked
  ), free_traits as materialized (
    select name from traits where name = any($5::text[]) for key share skip locked
  ), free_jobs as materialized (
    select id from list_jobs where id = any($6::text[]) for update skip locked
  ), taken_inventories as (
    select * from inventory except select * from free_inventories
  )
  select 'consumer ' || uuid as row from consumer where id not in (select id from free_consumers)
  union all
  select 'provider ' || uuid from provider
  where id not in (select id from free_providers) or id in (select resource_provider_id from taken_inventories)
  union all
  select 'parent ' || uuid from resource_providers
  where uuid = any($2::text[]) and uuid not in (select uuid from free_parents)
  union all
  select 'class ' || name from resource_classes
  where name = any($4::text[]) and name not in (select name from free_classes)
  union all
  select 'trait ' || name from traits
  where name = any($5::text[]) and name not in (select name from free_traits)
  union all
  select 'job ' || id from list_jobs where id = any($6::text[]) and id not in (select id from free_jobs)`;

function split(row: Row): [Kind, string] {
  const space = row.indexOf(' ');
  return [row.slice(0, space) as Kind, row.slice(space + 1)];
}
