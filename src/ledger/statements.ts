import type { InventoryNumbers } from '../domain/inventory.js';
import type pg from 'pg';
import { arrayTexts, type Item } from '../db/array-text.js';
import type { NewAllocation } from './check.js';
import type { Claim, InventorySet, LockedState, StoredInventory } from './model.js';
import { inParts, withPauses, type Divided } from '../slices.js';
import { OVERLAY_INVENTORIES, REMOVE_INVENTORIES, WRITE_CLAIMS, WRITE_NEW_CLAIMS } from './sql.js';

/** The statements that write (sql.ts) with their values: one array a column. */

/** Where the numbers of projects, users and types are found. */
export type Owners = Pick<LockedState, 'consumers' | 'projects' | 'users' | 'consumerTypes'>;

/** @param bumps how much the generation of each provider grows, by id */
export async function writeStatement(
  claims: readonly Claim[],
  wanted: readonly NewAllocation[],
  owners: Owners,
  bumps: ReadonlyMap<number, number>,
): Promise<pg.QueryConfig> {
  const { created, kept, gone, amounts } = await withPauses(columnsOf(claims, wanted, owners));
  const rest = [...amounts, [...bumps.keys()], [...bumps.values()]];
  if (kept[0].length + gone.length === 0) {
    return { name: 'write_new_claims', text: WRITE_NEW_CLAIMS, values: await arrayTexts([...created, ...rest]) };
  }
  const columns = [...created, ...kept, gone, ...rest];
  return { name: 'write_claims', text: WRITE_CLAIMS, values: await arrayTexts(columns) };
}

/** Four columns: whose row it is, project, user, consumer type. */
type ConsumerColumns = [Item[], Item[], Item[], Item[]];

interface Columns {
  /** By uuid. */
  readonly created: ConsumerColumns;
  /** By id. */
  readonly kept: ConsumerColumns;
  /** The ids of those that are left with nothing. */
  readonly gone: Item[];
  /** Consumer, provider, class, amount. */
  readonly amounts: [Item[], Item[], Item[], Item[]];
}

function* columnsOf(
  claims: readonly Claim[],
  wanted: readonly NewAllocation[],
  { consumers, projects, users, consumerTypes }: Owners,
): Divided<Columns> {
  const columns: Columns = { created: [[], [], [], []], kept: [[], [], [], []], gone: [], amounts: [[], [], [], []] };
  yield* inParts(claims, ({ consumerUuid, allocations, projectId, userId, consumerType }) => {
    const id = consumers.get(consumerUuid)?.id;
    if (allocations.length === 0) {
      if (id !== undefined) columns.gone.push(id);
      return;
    }
    const type = consumerType === null ? null : consumerTypes.get(consumerType);
    const row = [id ?? consumerUuid, projects.get(projectId), users.get(userId), type];
    (id === undefined ? columns.created : columns.kept).forEach((column, at) => column.push(row[at]));
  });
  yield* inParts(wanted, ({ consumerUuid, providerId, classId, used }) => {
    const row = [consumerUuid, providerId, classId, used];
    columns.amounts.forEach((column, at) => column.push(row[at]));
  });
  return columns;
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
