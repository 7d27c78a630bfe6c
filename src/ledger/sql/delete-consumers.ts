import type pg from 'pg';

/** Removes consumers with all they have. The generations of their providers stay. Returns the number of allocations as `removed`. */
export function deleteConsumers(uuids: readonly string[]): pg.QueryConfig {
  return { name: 'delete_consumer', text: DELETE_CONSUMERS, values: [uuids] };
}

const DELETE_CONSUMERS = `
  with removed as (
    delete from allocations a using consumers c where a.consumer_id = c.id and c.uuid = any($1::text[])
    returning 1
  ), gone as (
    delete from consumers where uuid = any($1::text[])
  )
  select count(*)::integer as removed from removed`;
