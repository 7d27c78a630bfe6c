import type pg from 'pg';
import type { Pool } from '../db/pool.js';
import { runStatement } from '../db/transaction.js';
import type { Holders } from '../errors.js';

/** The holders of an object that cannot be removed. A 409 names them after upstream's text. */

/** A message names at most this many. */
const MOST = 10;

/** Runs a query in the transaction of the caller, or by itself ({@link readWith}). */
export type Read = <Row extends pg.QueryResultRow>(query: pg.QueryConfig) => Promise<pg.QueryResult<Row>>;

/** @throws ApiError 503 when the database cannot be used */
export function readWith(pool: Pool): Read {
  return (query) => runStatement(pool, query, 'read');
}

/**
 * The consumers that have allocations of a provider, by UUID.
 *
 * @param classes names of resource classes; null: of any class
 * @param except UUIDs of consumers to leave out
 */
export function consumersHolding(
  read: Read,
  providerUuid: string,
  classes: readonly string[] | null,
  except: readonly string[] = [],
): Promise<Holders> {
  return firstOf(read, CONSUMERS, [providerUuid, classes, except]);
}

const CONSUMERS = `
  select distinct c.uuid as name
  from allocations a
  join resource_providers p on p.id = a.resource_provider_id
  join consumers c on c.id = a.consumer_id
  where p.uuid = $1
    and ($2::text[] is null or a.resource_class_id in (select id from resource_classes where name = any ($2)))
    and c.uuid <> all ($3::text[])`;

/** The children of a provider, by UUID. */
export function childrenOf(read: Read, providerUuid: string): Promise<Holders> {
  return firstOf(read, CHILDREN, [providerUuid]);
}

const CHILDREN = `
  select child.uuid as name
  from resource_providers child
  join resource_providers p on p.id = child.parent_provider_id
  where p.uuid = $1`;

/** The providers that have inventory of a resource class, by UUID. */
export function providersWithClass(read: Read, name: string): Promise<Holders> {
  return firstOf(read, WITH_CLASS, [name]);
}

const WITH_CLASS = `
  select p.uuid as name
  from inventories i
  join resource_providers p on p.id = i.resource_provider_id
  where i.resource_class_id = (select id from resource_classes where name = $1)`;

/** The providers that have a trait, by UUID. */
export function providersWithTrait(read: Read, name: string): Promise<Holders> {
  return firstOf(read, WITH_TRAIT, [name]);
}

const WITH_TRAIT = `
  select p.uuid as name
  from resource_provider_traits t
  join resource_providers p on p.id = t.resource_provider_id
  where t.trait_id = (select id from traits where name = $1)`;

/** The holders that come first by name, and how many there are. */
async function firstOf(read: Read, holders: string, values: readonly unknown[]): Promise<Holders> {
  const text = `select name, (count(*) over ())::integer as total from (${holders}) h order by name limit ${MOST}`;
  const { rows } = await read<{ name: string; total: number }>({ text, values: [...values] });
  return { names: rows.map(({ name }) => name), total: rows[0]?.total ?? 0 };
}

/** Adds holders that are not in the database yet. */
export function withHolders({ names, total }: Holders, more: readonly string[]): Holders {
  const added = new Set(more);
  return { names: [...added, ...names].sort().slice(0, MOST), total: total + added.size };
}
