import type pg from 'pg';

/** The UUIDs of the providers that consumers have something of. */
export function heldProviders(consumerUuids: readonly string[]): pg.QueryConfig {
  return { text: HELD_PROVIDERS, values: [consumerUuids] };
}

const HELD_PROVIDERS = `
  select distinct p.uuid
  from consumers c
  join allocations a on a.consumer_id = c.id
  join resource_providers p on p.id = a.resource_provider_id
  where c.uuid = any($1::text[])`;

/** `held` is the JSON of a list of provider UUID, class name and amount. */
export interface HeldRow {
  readonly uuid: string;
  readonly held: string;
}

/** The allocations of consumers: one {@link HeldRow} for each consumer that has some. */
export function readHeld(consumerUuids: readonly string[]): pg.QueryConfig {
  return { name: 'read_held', text: READ_HELD, values: [consumerUuids] };
}

const READ_HELD = `
  select c.uuid, json_agg(json_build_array(p.uuid, class.name, a.used) order by p.id, class.id)::text as held
  from consumers c
  join allocations a on a.consumer_id = c.id
  join resource_providers p on p.id = a.resource_provider_id
  join resource_classes class on class.id = a.resource_class_id
  where c.uuid = any($1::text[])
  group by c.uuid`;
