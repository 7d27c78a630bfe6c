import type { Pool } from '../../db/pool.js';
import { runStatement } from '../../db/transaction.js';

/** The amount of one resource class that the consumers of one type use. */
export interface Usage {
  /** Null for consumers without a recorded type. */
  readonly type: string | null;
  readonly className: string;
  readonly used: number;
  /** How many consumers there are of the type, whatever classes they use. */
  readonly consumers: number;
}

/** What the consumers of a project (and user) use, by consumer type and class. */
export async function readUsages(pool: Pool, projectId: string, userId: string | null): Promise<Usage[]> {
  // PostgreSQL knows no such text, and nothing is called so.
  if (projectId.includes('\0') || userId?.includes('\0') === true) return [];
  const query = { name: 'read_usages', text: READ_USAGES, values: [projectId, userId] };
  return (await runStatement<Usage>(pool, query, 'read')).rows;
}

// float8 is exact up to 2^53, and arrives as a number where bigint would be text. `offset 0` keeps the planner from reading all
// allocations there are, which it prefers where a few projects have nearly everything: 44 ms for 1,000 consumers among
// 94,000, and 3 ms with it.
const READ_USAGES = `
  with owned as materialized (
    select c.id, c.consumer_type_id
    from consumers c
    where c.project_id = (select p.id from projects p where p.external_id = $1)
      and ($2::text is null or c.user_id = (select u.id from users u where u.external_id = $2))
  ), counted as (
    select consumer_type_id, count(*)::float8 as consumers from owned group by consumer_type_id
  ), summed as (
    select o.consumer_type_id, held.resource_class_id, sum(held.used)::float8 as used
    from owned o,
      lateral (select a.resource_class_id, a.used from allocations a where a.consumer_id = o.id offset 0) held
    group by o.consumer_type_id, held.resource_class_id
  )
  select t.name as type, class.name as "className", summed.used, counted.consumers
  from summed
  join counted on counted.consumer_type_id is not distinct from summed.consumer_type_id
  join resource_classes class on class.id = summed.resource_class_id
  left join consumer_types t on t.id = summed.consumer_type_id
  order by t.name nulls last, class.id`;
