import type pg from 'pg';
import { arrayTexts, type Items } from '../db/array-text.js';
import type { NewAllocation } from './check.js';
import type { Claim, InventoryNumbers, InventorySet, LockedState, StoredInventory } from './model.js';
import { OVERLAY_INVENTORIES, REMOVE_INVENTORIES, WRITE_CLAIMS, WRITE_NEW_CLAIMS } from './sql.js';

/** The statements that write (sql.ts) with their values: one array a column. */

/** Where the numbers of projects, users and types are found. */
export type Owners = Pick<LockedState, 'consumers' | 'projects' | 'users' | 'consumerTypes'>;

/** @param bumps how much the generation of each provider grows, by id */
export async function writeStatement(
  claims: readonly Claim[],
  wanted: readonly NewAllocation[],
  { consumers, projects, users, consumerTypes }: Owners,
  bumps: ReadonlyMap<number, number>,
): Promise<pg.QueryConfig> {
  const staying = claims.filter(({ allocations }) => allocations.length > 0);
  const created = staying.filter(({ consumerUuid }) => !consumers.has(consumerUuid));
  const kept = staying.filter(({ consumerUuid }) => consumers.has(consumerUuid));
  const gone = claims.filter(({ allocations }) => allocations.length === 0);
  const idOf = ({ consumerUuid }: Claim): number[] => [consumers.get(consumerUuid)?.id ?? []].flat();
  const owners = (some: readonly Claim[]): Items[] => [
    some.map(({ projectId }) => projects.get(projectId)),
    some.map(({ userId }) => users.get(userId)),
    some.map(({ consumerType }) => (consumerType === null ? null : consumerTypes.get(consumerType))),
  ];
  const newConsumers = [created.map(({ consumerUuid }) => consumerUuid), ...owners(created)];
  const goneIds = gone.flatMap(idOf);
  const allocationsAndBumps = [
    wanted.map(({ consumerUuid }) => consumerUuid),
    wanted.map(({ providerId }) => providerId),
    wanted.map(({ classId }) => classId),
    wanted.map(({ used }) => used),
    [...bumps.keys()],
    [...bumps.values()],
  ];
  if (kept.length + goneIds.length === 0) {
    const columns = [...newConsumers, ...allocationsAndBumps];
    return { name: 'write_new_claims', text: WRITE_NEW_CLAIMS, values: await arrayTexts(columns) };
  }
  const columns = [...newConsumers, kept.flatMap(idOf), ...owners(kept), goneIds, ...allocationsAndBumps];
  return { name: 'write_claims', text: WRITE_CLAIMS, values: await arrayTexts(columns) };
}

export function overlayStatement(sets: readonly InventorySet[], state: LockedState): pg.QueryConfig {
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

export function removeStatement(removed: readonly StoredInventory[]): pg.QueryConfig {
  return {
    text: REMOVE_INVENTORIES,
    values: [removed.map(({ providerId }) => providerId), removed.map(({ classId }) => classId)],
  };
}
