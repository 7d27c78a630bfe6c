import type pg from 'pg';
import type { Items } from '../../db/array-text.js';

/**
 * The order of locks is the same everywhere: consumers by UUID, then providers by id. Locking and reading are statements of their
 * own, because the snapshot of a statement is older than its waits: the one that reads comes after the locks are held, and sees
 * what the rivals it waited for have left.
 */

/** The UUIDs as an array, or as PostgreSQL's text for one. */
export type Uuids = Items | string;

/** Locks consumers, and returns their id, uuid and generation. */
export function lockConsumers(uuids: Uuids): pg.QueryConfig {
  return { name: 'lock_consumers', text: LOCK_CONSUMERS, values: [uuids] };
}

/** Locks the providers that are named, and those that the consumers leave, because their usage changes. Returns id, uuid, generation. */
export function lockProviders(uuids: Uuids, consumerUuids: Uuids): pg.QueryConfig {
  return { name: 'lock_providers', text: LOCK_PROVIDERS, values: [uuids, consumerUuids] };
}

/** {@link lockConsumers} without those that another transaction has locked: it waits for none. */
export function lockFreeConsumers(uuids: Uuids): pg.QueryConfig {
  return { name: 'lock_free_consumers', text: LOCK_FREE_CONSUMERS, values: [uuids] };
}

/** {@link lockProviders} without those that another transaction has locked: it waits for none. */
export function lockFreeProviders(uuids: Uuids, consumerUuids: Uuids): pg.QueryConfig {
  return { name: 'lock_free_providers', text: LOCK_FREE_PROVIDERS, values: [uuids, consumerUuids] };
}

const LOCK_CONSUMERS = `
  select id, uuid, generation from consumers where uuid = any($1::text[]) order by uuid for update`;

const LOCK_PROVIDERS = `
  select p.id, p.uuid, p.generation
  from resource_providers p
  where p.id = any (
    array(select named.id from resource_providers named where named.uuid = any($1::text[]))
    || array(select a.resource_provider_id from consumers c join allocations a on a.consumer_id = c.id
             where c.uuid = any($2::text[]))
  )
  order by p.id for no key update of p`;

const LOCK_FREE_CONSUMERS = `${LOCK_CONSUMERS} skip locked`;
const LOCK_FREE_PROVIDERS = `${LOCK_PROVIDERS} skip locked`;
