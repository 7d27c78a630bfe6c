import { violatedConstraint } from '../../db/failures.js';
import type { Pool } from '../../db/pool.js';
import { classRow, providerRow } from '../../db/scheduler/rows.js';
import { writeStatement } from '../../db/scheduler/write.js';
import {
  deletedInventoriesInUse,
  deletedInventoryInUse,
  generationConflict,
  inventoryExists,
  noInventoryForDelete,
  noInventoryToUpdate,
  noSuchResourceClass,
  replacedInventoryInUse,
  unknownClassInInventories,
  unknownClassInNewInventory,
  updateConflict,
} from '../../errors.js';
import type { Author } from '../../history/author.js';
import { settingAuthor } from '../../history/set-author.js';
import { consumersHolding, readWith } from '../../ledger/holders.js';
import { explainInUse, inspect } from './why-not-written.js';
import { comparableGeneration } from '../generation.js';
import { withProviderLocked } from '../lock-provider.js';
import type { InventoryNumbers } from '../../domain/inventory.js';

/**
 * Each write is one statement and one transaction. It checks everything, and then writes or does nothing. When it did nothing, a second
 * statement finds the reason. If there is no reason any more, another writer has removed it meanwhile, and the write is tried again.
 *
 * The statement updates the row of the provider first, so writers of the same provider wait for each other there. This UPDATE compares the
 * generation with the latest row, so of two writers with the same generation only one succeeds.
 */
const ATTEMPTS = 5;

async function writeOrExplain(write: () => Promise<number | undefined>, explain: () => Promise<void>): Promise<number> {
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const generation = await write();
    if (generation !== undefined) return generation;
    await explain();
  }
  throw updateConflict('the resource provider kept changing; please retry your request.');
}

/** @param classes the names of the classes of new inventories */
async function write(
  pool: Pool,
  author: Author | null,
  name: string,
  text: string,
  values: readonly [uuid: string, ...unknown[]],
  classes: readonly string[] = [],
): Promise<number | undefined> {
  const rows = { changes: [providerRow(values[0])], refersTo: classes.map(classRow), note: settingAuthor(author) };
  const result = await writeStatement<{ generation: number }>(pool, rows, { name, text, values: [...values] });
  return result.rows[0]?.generation;
}

/**
 * Replaces all inventories of a provider and returns its new generation.
 *
 * @throws 404, 409 for another generation or when a class left out is in use, 400 for an unknown class
 */
export function replaceInventories(
  pool: Pool,
  author: Author | null,
  uuid: string,
  generation: number,
  records: readonly (readonly [string, InventoryNumbers])[],
): Promise<number> {
  const names = records.map(([name]) => name);
  return writeOrExplain(
    async () => {
      try {
        const values = [uuid, comparableGeneration(generation), names, ...columns(records)] as const;
        return await write(pool, author, 'replace_inventories', REPLACE, values, names);
      } catch (error) {
        await explainInUse(pool, uuid, error, names, replacedInventoryInUse);
        return undefined;
      }
    },
    async () => {
      const found = await inspect(pool, uuid, names);
      if (found.generation !== generation) throw generationConflict(found.generation, generation);
      const unknown = found.unknownClasses[0];
      if (unknown !== undefined) throw unknownClassInInventories(uuid, unknown);
    },
  );
}

const WANTED_COLUMNS = 'total, reserved, min_unit, max_unit, step_size, allocation_ratio';

const REPLACE = `
  with wanted as (
    select c.id as resource_class_id, ${WANTED_COLUMNS}
    from unnest($3::text[], $4::integer[], $5::integer[], $6::integer[], $7::integer[], $8::integer[], $9::float8[])
      as w (name, ${WANTED_COLUMNS})
    join resource_classes c using (name)
  ), provider as (
    update resource_providers set generation = generation + 1, updated_at = now()
    where uuid = $1 and generation = $2 and (select count(*) from wanted) = cardinality($3::text[])
    returning id, generation
  ), removed as (
    delete from inventories i using provider p
    where i.resource_provider_id = p.id and i.resource_class_id not in (select resource_class_id from wanted)
  ), written as (
    insert into inventories (resource_provider_id, resource_class_id, ${WANTED_COLUMNS})
    select p.id, resource_class_id, ${WANTED_COLUMNS} from provider p, wanted
    on conflict (resource_provider_id, resource_class_id) do update set
      total = excluded.total, reserved = excluded.reserved, min_unit = excluded.min_unit, max_unit = excluded.max_unit,
      step_size = excluded.step_size, allocation_ratio = excluded.allocation_ratio, updated_at = now()
  )
  select generation from provider`;

/** @throws 404, 400 for an unknown class, 409 when there is an inventory of the class already */
export function createInventory(
  pool: Pool,
  author: Author | null,
  uuid: string,
  name: string,
  record: InventoryNumbers,
): Promise<number> {
  return writeOrExplain(
    async () => {
      try {
        return await write(
          pool,
          author,
          'create_inventory',
          CREATE,
          [uuid, name, ...Object.values(ordered(record))],
          [name],
        );
      } catch (error) {
        if (violatedConstraint(error) === undefined) throw error;
        return undefined;
      }
    },
    async () => {
      const found = await inspect(pool, uuid, [name]);
      if (found.unknownClasses.length > 0) throw unknownClassInNewInventory(uuid, name);
      if (found.inventories.includes(name)) throw inventoryExists(name, uuid);
    },
  );
}

const CREATE = `
  with class as (
    select id from resource_classes where name = $2
  ), provider as (
    update resource_providers p set generation = generation + 1, updated_at = now()
    from class c
    where p.uuid = $1
      and not exists (select from inventories i where i.resource_provider_id = p.id and i.resource_class_id = c.id)
    returning p.id, p.generation, c.id as resource_class_id
  ), written as (
    insert into inventories (resource_provider_id, resource_class_id, ${WANTED_COLUMNS})
    select id, resource_class_id, $3, $4, $5, $6, $7, $8 from provider
  )
  select generation from provider`;

/** @throws 404 for an unknown provider or class, 409 for another generation, 400 when there is no inventory of the class */
export function updateInventory(
  pool: Pool,
  author: Author | null,
  uuid: string,
  generation: number,
  name: string,
  record: InventoryNumbers,
): Promise<number> {
  return writeOrExplain(
    () =>
      write(pool, author, 'update_inventory', UPDATE, [
        uuid,
        comparableGeneration(generation),
        name,
        ...Object.values(ordered(record)),
      ]),
    async () => {
      const found = await inspect(pool, uuid, [name]);
      if (found.generation !== generation) throw generationConflict(found.generation, generation);
      if (found.unknownClasses.length > 0) throw noSuchResourceClass(name);
      if (!found.inventories.includes(name)) throw noInventoryToUpdate(uuid, name);
    },
  );
}

const UPDATE = `
  with provider as (
    update resource_providers p set generation = generation + 1, updated_at = now()
    from resource_classes c
    where p.uuid = $1 and p.generation = $2 and c.name = $3
      and exists (select from inventories i where i.resource_provider_id = p.id and i.resource_class_id = c.id)
    returning p.id, p.generation, c.id as resource_class_id
  ), written as (
    update inventories i set
      total = $4, reserved = $5, min_unit = $6, max_unit = $7, step_size = $8, allocation_ratio = $9, updated_at = now()
    from provider p
    where i.resource_provider_id = p.id and i.resource_class_id = p.resource_class_id
  )
  select generation from provider`;

/** @throws 404 for an unknown provider, an unknown class, or a class without inventory; 409 while the inventory is in use */
export async function deleteInventory(pool: Pool, author: Author | null, uuid: string, name: string): Promise<void> {
  await writeOrExplain(
    async () => {
      try {
        return await write(pool, author, 'delete_inventory', DELETE_ONE, [uuid, name]);
      } catch (error) {
        if (violatedConstraint(error) === undefined) throw error;
        throw deletedInventoryInUse(name, uuid, await consumersHolding(readWith(pool), uuid, [name]));
      }
    },
    async () => {
      const found = await inspect(pool, uuid, [name]);
      if (found.unknownClasses.length > 0) throw noInventoryForDelete(name, `No such resource class ${name}.`);
      if (!found.inventories.includes(name))
        throw noInventoryForDelete(name, `No inventory of class ${name} found for delete`);
    },
  );
}

const DELETE_ONE = `
  with provider as (
    update resource_providers p set generation = generation + 1, updated_at = now()
    from resource_classes c
    where p.uuid = $1 and c.name = $2
      and exists (select from inventories i where i.resource_provider_id = p.id and i.resource_class_id = c.id)
    returning p.id, p.generation, c.id as resource_class_id
  ), removed as (
    delete from inventories i using provider p
    where i.resource_provider_id = p.id and i.resource_class_id = p.resource_class_id
  )
  select generation from provider`;

/** @throws 404, 409 while one of the inventories is in use */
export async function deleteInventories(pool: Pool, author: Author | null, uuid: string): Promise<void> {
  await writeOrExplain(
    async () => {
      try {
        const statement = { name: 'delete_inventories', text: DELETE_ALL, values: [uuid] };
        const { rows } = await withProviderLocked<{ generation: number }>(pool, author, uuid, statement);
        return rows[0]?.generation;
      } catch (error) {
        await explainInUse(pool, uuid, error, [], deletedInventoriesInUse);
        return undefined;
      }
    },
    async () => {
      await inspect(pool, uuid, []);
    },
  );
}

const DELETE_ALL = `
  with provider as (
    update resource_providers set generation = generation + 1, updated_at = now() where uuid = $1
    returning id, generation
  ), removed as (
    delete from inventories i using provider p where i.resource_provider_id = p.id
  )
  select generation from provider`;

/** Returns one array for each column, for unnest. */
function columns(records: readonly (readonly [string, InventoryNumbers])[]): unknown[][] {
  const rows = records.map(([, record]) => Object.values(ordered(record)));
  return [0, 1, 2, 3, 4, 5].map((column) => rows.map((row) => row[column]));
}

function ordered({
  total,
  reserved,
  min_unit,
  max_unit,
  step_size,
  allocation_ratio,
}: InventoryNumbers): Record<keyof InventoryNumbers, number> {
  return { total, reserved, min_unit, max_unit, step_size, allocation_ratio };
}
