import type { Pool } from '../../db/pool.js';
import { runStatement } from '../../db/transaction.js';

/** What one consumer has, and whose it is. Null when it has nothing: there is no consumer without allocations. */
export interface ConsumerAllocations {
  readonly projectId: string;
  readonly userId: string;
  readonly generation: number;
  /** Null when no type was recorded. */
  readonly type: string | null;
  /** Seconds since the epoch of the newest allocation. */
  readonly modified: number;
  readonly allocations: readonly (readonly [
    providerUuid: string,
    providerGeneration: number,
    className: string,
    used: number,
  ])[];
}

export async function readConsumer(pool: Pool, uuid: string): Promise<ConsumerAllocations | null> {
  const query = { name: 'read_consumer', text: READ_CONSUMER, values: [uuid] };
  const { rows } = await runStatement<ConsumerAllocations>(pool, query, 'read');
  return rows[0] ?? null;
}

const READ_CONSUMER = `
  select projects.external_id as "projectId", users.external_id as "userId", c.generation, t.name as type,
    held.modified, held.allocations
  from consumers c
  join projects on projects.id = c.project_id
  join users on users.id = c.user_id
  left join consumer_types t on t.id = c.consumer_type_id
  join lateral (
    select floor(extract(epoch from max(coalesce(a.updated_at, a.created_at))))::integer as modified,
      json_agg(json_build_array(p.uuid, p.generation, class.name, a.used)
               order by p.id, class.id) as allocations
    from allocations a
    join resource_providers p on p.id = a.resource_provider_id
    join resource_classes class on class.id = a.resource_class_id
    where a.consumer_id = c.id
  ) held on held.allocations is not null
  where c.uuid = $1`;

/** What is allocated from one provider. Null when there is no such provider. */
export interface ProviderAllocations {
  readonly generation: number;
  /** Null when nothing is allocated. */
  readonly modified: number | null;
  readonly allocations: readonly (readonly [
    consumerUuid: string,
    consumerGeneration: number,
    className: string,
    used: number,
  ])[];
}

export async function readProviderAllocations(pool: Pool, uuid: string): Promise<ProviderAllocations | null> {
  const query = { name: 'read_provider_allocations', text: READ_PROVIDER, values: [uuid] };
  const { rows } = await runStatement<ProviderAllocations>(pool, query, 'read');
  return rows[0] ?? null;
}

const READ_PROVIDER = `
  select p.generation, held.modified, coalesce(held.allocations, '[]') as allocations
  from resource_providers p
  left join lateral (
    select floor(extract(epoch from max(coalesce(a.updated_at, a.created_at))))::integer as modified,
      json_agg(json_build_array(c.uuid, c.generation, class.name, a.used) order by c.id, class.id) as allocations
    from allocations a
    join consumers c on c.id = a.consumer_id
    join resource_classes class on class.id = a.resource_class_id
    where a.resource_provider_id = p.id
  ) held on true
  where p.uuid = $1`;
