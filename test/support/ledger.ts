import assert from 'node:assert/strict';
import { sql } from './database.js';

/** The invariants of the ledger. */
export async function checkLedger(databaseUrl: string): Promise<void> {
  const wrongUsage = await sql(
    databaseUrl,
    `select p.uuid, c.name, i.used, coalesce(sum(a.used), 0) as sum
     from inventories i
     join resource_providers p on p.id = i.resource_provider_id
     join resource_classes c on c.id = i.resource_class_id
     left join allocations a using (resource_provider_id, resource_class_id)
     group by p.uuid, c.name, i.used having i.used <> coalesce(sum(a.used), 0)`,
  );
  assert.deepEqual(wrongUsage, [], 'used equals the sum of the allocations');
  const orphans = await sql(
    databaseUrl,
    `select a.* from allocations a
     left join consumers c on c.id = a.consumer_id
     left join inventories i using (resource_provider_id, resource_class_id)
     where c.id is null or i.resource_provider_id is null`,
  );
  assert.deepEqual(orphans, [], 'no allocation without consumer or inventory');
  const idle = await sql(
    databaseUrl,
    'select c.uuid from consumers c where not exists (select from allocations a where a.consumer_id = c.id)',
  );
  assert.deepEqual(idle, [], 'no consumer without allocations');
  const wrongRoots = await sql(
    databaseUrl,
    `select p.uuid from resource_providers p left join resource_providers parent on parent.id = p.parent_provider_id
     where p.root_provider_id <> coalesce(parent.root_provider_id, p.id)`,
  );
  assert.deepEqual(wrongRoots, [], 'every provider has the root of its parent');
}

/** A generation that does not grow becomes an error, which the load reports as a surprise. */
export async function forbidShrinkingGenerations(databaseUrl: string): Promise<void> {
  await sql(
    databaseUrl,
    `create function generations_only_grow() returns trigger language plpgsql as $$
     begin
       if new.generation < old.generation then raise exception 'generation went back'; end if;
       return new;
     end $$;
     create trigger generations_only_grow before update on resource_providers
       for each row execute function generations_only_grow();
     create trigger generations_only_grow before update on consumers
       for each row execute function generations_only_grow();`,
  );
}

/** Of a class whose inventories do not shrink and have no ratio above one. */
export async function checkNoOverbooking(databaseUrl: string, resourceClass: string): Promise<void> {
  const overbooked = await sql(
    databaseUrl,
    `select i.* from inventories i join resource_classes c on c.id = i.resource_class_id
     where c.name = $1 and i.used > i.total - i.reserved`,
    [resourceClass],
  );
  assert.deepEqual(overbooked, [], 'no inventory is overbooked');
}
