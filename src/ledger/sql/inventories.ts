import type pg from 'pg';
import type { InventoryNumbers } from '../../domain/inventory.js';
import type { InventorySet, LockedState, StoredInventory } from '../model.js';

/** Puts the new inventories of a reshape over the old. */
export function overlayInventories(sets: readonly InventorySet[], state: LockedState): pg.QueryConfig {
  const rows = sets.flatMap(({ providerUuid, inventories }) =>
    Array.from(inventories, ([className, numbers]) => ({
      ...numbers,
      providerId: state.providers.get(providerUuid)?.id,
      classId: state.classes.get(className),
    })),
  );
  const column = (name: keyof InventoryNumbers): unknown[] => rows.map((row) => row[name]);
  return {
    text: OVERLAY_INVENTORIES,
    values: [
      rows.map(({ providerId }) => providerId),
      rows.map(({ classId }) => classId),
      column('total'),
      column('reserved'),
      column('min_unit'),
      column('max_unit'),
      column('step_size'),
      column('allocation_ratio'),
    ],
  };
}

const OVERLAY_INVENTORIES = `
  insert into inventories (resource_provider_id, resource_class_id, total, reserved, min_unit, max_unit, step_size,
                           allocation_ratio)
  select * from unnest($1::integer[], $2::integer[], $3::integer[], $4::integer[], $5::integer[], $6::integer[],
                       $7::integer[], $8::float8[])
  on conflict (resource_provider_id, resource_class_id) do update set
    total = excluded.total, reserved = excluded.reserved, min_unit = excluded.min_unit, max_unit = excluded.max_unit,
    step_size = excluded.step_size, allocation_ratio = excluded.allocation_ratio, updated_at = now()`;

/** Removes the inventories that a reshape leaves out. */
export function removeInventories(removed: readonly StoredInventory[]): pg.QueryConfig {
  return {
    text: REMOVE_INVENTORIES,
    values: [removed.map(({ providerId }) => providerId), removed.map(({ classId }) => classId)],
  };
}

const REMOVE_INVENTORIES = `
  delete from inventories i using unnest($1::integer[], $2::integer[]) as gone (resource_provider_id, resource_class_id)
  where (i.resource_provider_id, i.resource_class_id) = (gone.resource_provider_id, gone.resource_class_id)`;
