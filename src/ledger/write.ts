import type { Pool } from '../db/pool.js';
import { runStatement } from '../db/transaction.js';
import { classRow, consumerRow, providerRow, type Row } from '../db/scheduler/rows.js';
import { writeTransaction } from '../db/scheduler/write.js';
import type { Author } from '../history/author.js';
import { settingAuthor } from '../history/set-author.js';
import { replacedInventoryInUse, unknownClassInReshape } from '../errors.js';
import {
  checkConsumers,
  checkReshapedProviders,
  checkRoom,
  interimInventories,
  providersToBump,
  removedInventories,
  resolveClaims,
  type NewAllocation,
  type RemovedInventories,
} from './rules.js';
import { consumersHolding, withHolders, type Read } from './holders.js';
import { lockAndRead } from './lock.js';
import { inventoryKey, type Claim, type InventorySet, type LockedState } from './model.js';
import { ensureOwners } from './owners.js';
import { deleteConsumers } from './sql/delete-consumers.js';
import { heldProviders, readHeld, type HeldRow } from './sql/held.js';
import { overlayInventories, removeInventories } from './sql/inventories.js';
import { lockConsumers, lockProviders } from './sql/locks.js';
import { writeClaims } from './sql/write-claims.js';
import { atOnce, withPauses } from '../slices.js';
import { retryConflicts } from './retry-conflicts.js';

/**
 * Replaces inventories of several providers and allocations of several consumers in one transaction. The allocations are
 * checked against the old inventories overlaid with the new; what the new ones leave out must then be unused.
 *
 * @throws 400 for unknown providers and classes, 409 for other generations, what does not fit, or what is still in use
 */
export function reshape(
  pool: Pool,
  author: Author | null,
  sets: readonly InventorySet[],
  claims: readonly Claim[],
): Promise<void> {
  const allocations = claims.flatMap((claim) => claim.allocations);
  const rows = {
    changes: [
      ...claims.map(({ consumerUuid }) => consumerRow(consumerUuid)),
      ...[...sets, ...allocations].map(({ providerUuid }) => providerRow(providerUuid)),
    ],
    refersTo: sets.flatMap(({ inventories }) => Array.from(inventories.keys(), classRow)),
    note: settingAuthor(author),
    plans: 'custom' as const,
  };
  return retryConflicts(() =>
    writeTransaction(pool, rows, async (transaction) => {
      const state = await lockAndRead(transaction, claims, sets);
      checkReshapedProviders(sets, state);
      checkConsumers(claims, state);
      const interim = interimInventories(sets, state, unknownClassInReshape);
      const wanted = await withPauses(resolveClaims(claims, state, unknownClassInReshape));
      await withPauses(checkRoom(wanted, state, interim));
      const removed = await withPauses(removedInventories(sets, wanted, state));
      await rejectInUse(removed, claims, wanted, (query) => transaction.query(query));
      const owners = await ensureOwners(transaction, claims, state);
      const write = await writeClaims(claims, wanted, owners, reshapeBumps(sets, claims, wanted, state));
      await Promise.all([
        transaction.query(overlayInventories(sets, state)),
        transaction.query(write),
        transaction.commitWith(removeInventories(removed.flatMap(({ inventories }) => inventories))),
      ]);
    }),
  );
}

/** @throws 409 naming the consumers that would still use an inventory that is left out */
async function rejectInUse(
  removed: readonly RemovedInventories[],
  claims: readonly Claim[],
  wanted: readonly NewAllocation[],
  read: Read,
): Promise<void> {
  const rejected = removed.find(({ inUse }) => inUse.length > 0);
  if (rejected === undefined) return;
  const { providerUuid, inUse } = rejected;
  const keys = new Set(inUse.map(({ providerId, classId }) => inventoryKey(providerId, classId)));
  const keep = wanted.filter(({ providerId, classId }) => keys.has(inventoryKey(providerId, classId)));
  const classes = inUse.map(({ className }) => className);
  const consumers = claims.map(({ consumerUuid }) => consumerUuid);
  const others = await consumersHolding(read, providerUuid, classes, consumers);
  throw replacedInventoryInUse(
    classes,
    providerUuid,
    withHolders(
      others,
      keep.map(({ consumerUuid }) => consumerUuid),
    ),
  );
}

/** Removes all a consumer has, in one round trip, without looking at generations. Returns how many allocations it had. */
export function removeConsumer(pool: Pool, author: Author | null, uuid: string): Promise<number> {
  return retryConflicts(async () => {
    const rows = {
      changes: [consumerRow(uuid)],
      refersTo: await lockedByOthers(pool, [uuid]),
      note: settingAuthor(author),
      plans: 'generic' as const,
    };
    return writeTransaction(pool, rows, async (transaction) => {
      const [, , { rows: removed }] = await Promise.all([
        transaction.query(lockConsumers([uuid])),
        transaction.query(lockProviders([], [uuid])),
        transaction.commitWith<{ removed: number }>(deleteConsumers([uuid])),
      ]);
      return removed[0]?.removed ?? 0;
    });
  });
}

/** A consumer to remove, unless it has changed since. */
export interface SeenConsumer {
  readonly uuid: string;
  readonly generation: number;
}

export interface Removal {
  readonly uuid: string;
  /** `changed`: its generation is another one, and it was left alone. `gone`: there is no such consumer. */
  readonly result: 'deleted' | 'changed' | 'gone';
  /** The deleted allocations, or the present ones; by provider, as in bodies of claims. */
  readonly allocations: Readonly<Record<string, { readonly resources: Readonly<Record<string, number>> }>>;
}

/**
 * Removes those of several consumers whose generation is still the one that was seen, with all they have, in one transaction. The
 * generations of providers stay, as with {@link removeConsumer}.
 *
 * @returns one result for each of them, in their order
 * @throws 503 when rows stay locked; then none is removed
 */
export function removeUnchanged(
  pool: Pool,
  author: Author | null,
  consumers: readonly SeenConsumer[],
): Promise<Removal[]> {
  const uuids = [...new Set(consumers.map(({ uuid }) => uuid))];
  return retryConflicts(async () => {
    const rows = {
      changes: uuids.map(consumerRow),
      refersTo: await lockedByOthers(pool, uuids),
      note: settingAuthor(author),
      plans: 'custom' as const,
    };
    return writeTransaction(pool, rows, async (transaction) => {
      // The last statement begins under the locks, so it sees the changes of rivals that it waited for.
      const [locked, , read] = await Promise.all([
        transaction.query<SeenConsumer>(lockConsumers(uuids)),
        transaction.query(lockProviders([], uuids)),
        transaction.query<HeldRow>(readHeld(uuids)),
      ]);
      const present = new Map(locked.rows.map(({ uuid, generation }) => [uuid, generation]));
      const held = new Map(read.rows.map(({ uuid, held }) => [uuid, allocationsIn(held)]));
      const removals = consumers.map(({ uuid, generation }): Removal => {
        const found = present.get(uuid);
        const result = found === undefined ? 'gone' : found === generation ? 'deleted' : 'changed';
        return { uuid, result, allocations: held.get(uuid) ?? {} };
      });
      const removed = removals.filter(({ result }) => result === 'deleted').map(({ uuid }) => uuid);
      await transaction.commitWith(deleteConsumers(removed));
      return removals;
    });
  });
}

function allocationsIn(held: string): Removal['allocations'] {
  const allocations: Record<string, { resources: Record<string, number> }> = {};
  for (const [provider, name, used] of JSON.parse(held) as [string, string, number][])
    (allocations[provider] ??= { resources: {} }).resources[name] = used;
  return allocations;
}

/**
 * The providers that consumers have something of. They are looked up only while some row is known to be locked: otherwise
 * each of many consumers of one stuck provider would find out by itself, with a connection.
 */
async function lockedByOthers(pool: Pool, consumerUuids: readonly string[]): Promise<Row[]> {
  if (!pool.scheduler.isLocked()) return [];
  const { rows } = await runStatement<{ uuid: string }>(pool, heldProviders(consumerUuids), 'read');
  return rows.map(({ uuid }) => providerRow(uuid));
}

/**
 * A reshape counts as several operations on a provider's generation: the interim set when the new one is not empty, the
 * allocations that name it, and the final set (docs/contract/semantics.md#generations).
 */
function reshapeBumps(
  sets: readonly InventorySet[],
  claims: readonly Claim[],
  wanted: readonly NewAllocation[],
  state: LockedState,
): Map<number, number> {
  const bumps = new Map(atOnce(providersToBump(claims, wanted, state)).map((id) => [id, 1]));
  for (const { providerUuid, inventories } of sets) {
    const id = state.providers.get(providerUuid)?.id ?? 0;
    bumps.set(id, (bumps.get(id) ?? 0) + (inventories.size > 0 ? 2 : 1));
  }
  return bumps;
}
