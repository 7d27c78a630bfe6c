import { capacityOf, meetsUnits } from '../domain/inventory.js';
import {
  consumerGenerationConflict,
  generationConflictFor,
  insufficientCapacity,
  invalidInventory,
  reshapedProviderNotFound,
  unitConstraints,
  unknownClassInAllocations,
  unknownProviderInAllocations,
} from '../errors.js';
import { inParts, inPartsOfEach, type Divided } from '../slices.js';
import {
  allocationsOf,
  inventoryKey,
  type Claim,
  type InventorySet,
  type LockedState,
  type StoredInventory,
} from './model.js';

/**
 * The rules of the ledger, pure: they compare a request with the state of the database
 * (docs/contract/semantics.md#writing-allocations, docs/contract/semantics.md#reshaper). They reject a request before the
 * first row is written.
 */

/** One row to write. */
export interface NewAllocation {
  readonly consumerUuid: string;
  readonly providerId: number;
  readonly classId: number;
  readonly used: number;
}

/** @throws 409 when a consumer is not what the client believes */
export function checkConsumers(claims: readonly Claim[], state: LockedState): void {
  for (const { consumerUuid, consumerGeneration } of claims) {
    if (consumerGeneration === 'any') continue;
    const stored = state.consumers.get(consumerUuid)?.generation ?? null;
    if (stored !== consumerGeneration) throw consumerGenerationConflict(stored, consumerGeneration);
  }
}

/**
 * Resolves the names in the claims.
 *
 * @param unknownClass makes the 400 for a resource class that does not exist; routes word it differently
 * @throws 400 for an unknown provider or class
 */
export function* resolveClaims(
  claims: readonly Claim[],
  state: LockedState,
  unknownClass: (name: string, consumerUuid: string) => Error = unknownClassInAllocations,
): Divided<NewAllocation[]> {
  yield* inPartsOfEach(claims, allocationsOf, ({ providerUuid }) => {
    if (!state.providers.has(providerUuid)) throw unknownProviderInAllocations(providerUuid);
  });
  const wanted: NewAllocation[] = [];
  yield* inPartsOfEach(claims, allocationsOf, ({ providerUuid, resources }, { consumerUuid }) => {
    for (const [className, used] of resources) {
      const classId = state.classes.get(className);
      if (classId === undefined) throw unknownClass(className, consumerUuid);
      const providerId = state.providers.get(providerUuid)?.id ?? 0;
      wanted.push({ consumerUuid, providerId, classId, used });
    }
  });
  return wanted;
}

/**
 * Capacity and units. A consumer's own old allocations do not count against it, amounts of several consumers on one
 * inventory add up, and a provider that is over its capacity already (its inventory was shrunk) still takes what leaves it
 * no worse. So do units: a consumer keeps the amount that it holds, or takes less, whatever the inventory's units are by now.
 *
 * Providers that have none of the classes that the request asks for come first, all in one message, as upstream.
 *
 * @throws 409 naming the class and provider that do not fit
 */
export function* checkRoom(
  wanted: readonly NewAllocation[],
  state: LockedState,
  inventories: ReadonlyMap<string, StoredInventory> = state.inventories,
): Divided<void> {
  const uuids = new Map<number, string>();
  yield* inParts(state.providers, ([uuid, { id }]) => void uuids.set(id, uuid));
  const classNames = new Map(Array.from(state.classes, ([name, id]) => [id, name]));
  yield* checkInventories(wanted, inventories, uuids, classNames);
  const isHeld = yield* heldAmounts(wanted, state);
  const after = yield* usageAfter(wanted, state);
  yield* inParts(wanted, (allocation) => {
    const { providerId, classId, used } = allocation;
    const key = inventoryKey(providerId, classId);
    const inventory = inventories.get(key);
    const [className, uuid] = [classNames.get(classId) ?? '', uuids.get(providerId) ?? ''];
    if (inventory === undefined) throw invalidInventory([className], [uuid]);
    const { min_unit, max_unit, step_size, total, reserved, allocation_ratio } = inventory;
    if (!meetsUnits(used, min_unit, max_unit, step_size) && !isHeld(allocation)) throw unitConstraints(className, uuid);
    const usedAfter = after.get(key) ?? 0;
    if (usedAfter > capacityOf(total, reserved, allocation_ratio) && usedAfter > inventory.used)
      throw insufficientCapacity(className, uuid);
  });
}

function* checkInventories(
  wanted: readonly NewAllocation[],
  inventories: ReadonlyMap<string, StoredInventory>,
  uuids: ReadonlyMap<number, string>,
  classNames: ReadonlyMap<number, string>,
): Divided<void> {
  const [classes, providers] = [new Set<number>(), new Set<number>()];
  yield* inParts(wanted, ({ classId, providerId }) => {
    classes.add(classId);
    providers.add(providerId);
  });
  const classIds = [...classes];
  const without: number[] = [];
  yield* inParts(providers, (id) => {
    if (!classIds.some((classId) => inventories.has(inventoryKey(id, classId)))) without.push(id);
  });
  if (without.length === 0) return;
  throw invalidInventory(
    classIds.map((id) => classNames.get(id) ?? ''),
    without.map((id) => uuids.get(id) ?? ''),
  );
}

/**
 * Finds amounts that a request does not add: the consumer already has this amount of the provider and class, or another
 * consumer of the request gives it up (a swap with a migration's consumer). Each amount counts once.
 */
function* heldAmounts(
  wanted: readonly NewAllocation[],
  state: LockedState,
): Divided<(allocation: NewAllocation) => boolean> {
  const keyOf = (
    consumerId: number | undefined,
    { providerId, classId }: Pick<NewAllocation, 'providerId' | 'classId'>,
  ) => `${consumerId} ${inventoryKey(providerId, classId)}`;
  const idOf = ({ consumerUuid }: NewAllocation): number | undefined => state.consumers.get(consumerUuid)?.id;
  const own = new Map<string, number>();
  const kept = new Set<string>();
  const givenUp = new Map<string, number[]>();
  yield* inParts(state.held, (held) => void own.set(keyOf(held.consumerId, held), held.used));
  yield* inParts(wanted, (allocation) => void kept.add(keyOf(idOf(allocation), allocation)));
  yield* inParts(state.held, (held) => {
    if (kept.has(keyOf(held.consumerId, held))) return;
    const key = inventoryKey(held.providerId, held.classId);
    const amounts = givenUp.get(key);
    if (amounts === undefined) givenUp.set(key, [held.used]);
    else amounts.push(held.used);
  });
  for (const amounts of givenUp.values()) amounts.sort((a, b) => a - b);
  return (allocation) => {
    const { used, providerId, classId } = allocation;
    if (used <= (own.get(keyOf(idOf(allocation), allocation)) ?? 0)) return true;
    const amounts = givenUp.get(inventoryKey(providerId, classId)) ?? [];
    const enough = amounts.findIndex((amount) => used <= amount);
    if (enough !== -1) amounts.splice(enough, 1);
    return enough !== -1;
  };
}

/** The state for the claims of one request: its consumers give up what they hold, others do not. */
export function ownState(claims: readonly Claim[], state: LockedState): LockedState {
  const ids = new Set(claims.map(({ consumerUuid }) => state.consumers.get(consumerUuid)?.id));
  return { ...state, held: state.held.filter(({ consumerId }) => ids.has(consumerId)) };
}

/** The inventories once the request has been written. */
export function* inventoriesAfter(
  wanted: readonly NewAllocation[],
  state: LockedState,
): Divided<ReadonlyMap<string, StoredInventory>> {
  const inventories = new Map(state.inventories);
  yield* inParts(yield* usageAfter(wanted, state), ([key, used]) => {
    const inventory = inventories.get(key);
    if (inventory !== undefined) inventories.set(key, { ...inventory, used });
  });
  return inventories;
}

/** The future usage of each inventory that the request touches. */
function* usageAfter(wanted: readonly NewAllocation[], state: LockedState): Divided<Map<string, number>> {
  const usage = new Map<string, number>();
  const add = (providerId: number, classId: number, amount: number): void => {
    const key = inventoryKey(providerId, classId);
    usage.set(key, (usage.get(key) ?? state.inventories.get(key)?.used ?? 0) + amount);
  };
  yield* inParts(state.held, ({ providerId, classId, used }) => {
    add(providerId, classId, -used);
  });
  yield* inParts(wanted, ({ providerId, classId, used }) => {
    add(providerId, classId, used);
  });
  return usage;
}

/**
 * The providers whose generation grows: those with amounts in the claims, and those of consumers that end with nothing. A
 * provider that a consumer leaves for another keeps its generation (upstream's rule, visible to clients).
 */
export function* providersToBump(
  claims: readonly Claim[],
  wanted: readonly NewAllocation[],
  state: LockedState,
): Divided<number[]> {
  const emptied = new Set<number | undefined>();
  const providers = new Set<number>();
  yield* inParts(claims, ({ consumerUuid, allocations }) => {
    if (allocations.length === 0) emptied.add(state.consumers.get(consumerUuid)?.id);
  });
  yield* inParts(wanted, ({ providerId }) => void providers.add(providerId));
  if (emptied.size === 0) return [...providers];
  yield* inParts(state.held, ({ consumerId, providerId }) => {
    if (emptied.has(consumerId)) providers.add(providerId);
  });
  return [...providers];
}

// ---- reshaping

/** @throws 400 for an unknown provider, 409 for another generation */
export function checkReshapedProviders(sets: readonly InventorySet[], state: LockedState): void {
  for (const { providerUuid, generation } of sets) {
    const provider = state.providers.get(providerUuid);
    if (provider === undefined) throw reshapedProviderNotFound(providerUuid);
    if (provider.generation !== generation) {
      throw generationConflictFor(providerUuid, provider.generation, generation);
    }
  }
}

/**
 * The inventories that the allocations of a reshape are checked against: the old ones overlaid with the new.
 *
 * @throws 400 for an unknown class
 */
export function interimInventories(
  sets: readonly InventorySet[],
  state: LockedState,
  unknownClass: (name: string) => Error,
): Map<string, StoredInventory> {
  const interim = new Map(state.inventories);
  for (const { providerUuid, inventories } of sets) {
    const providerId = state.providers.get(providerUuid)?.id ?? 0;
    for (const [className, numbers] of inventories) {
      const classId = state.classes.get(className);
      if (classId === undefined) throw unknownClass(className);
      const key = inventoryKey(providerId, classId);
      interim.set(key, { ...numbers, providerId, classId, className, used: interim.get(key)?.used ?? 0 });
    }
  }
  return interim;
}

/** What a reshape leaves out of one provider. */
export interface RemovedInventories {
  readonly providerUuid: string;
  readonly inventories: readonly StoredInventory[];
  /** The classes that would still be in use. */
  readonly inUse: readonly StoredInventory[];
}

/** @returns what the reshape leaves out, of each provider */
export function* removedInventories(
  sets: readonly InventorySet[],
  wanted: readonly NewAllocation[],
  state: LockedState,
): Divided<RemovedInventories[]> {
  const after = yield* usageAfter(wanted, state);
  const byProvider = new Map<number, StoredInventory[]>();
  yield* inParts(state.inventories.values(), (inventory) => {
    const others = byProvider.get(inventory.providerId);
    if (others === undefined) byProvider.set(inventory.providerId, [inventory]);
    else others.push(inventory);
  });
  const left: RemovedInventories[] = [];
  yield* inParts(sets, ({ providerUuid, inventories }) => {
    const present = byProvider.get(state.providers.get(providerUuid)?.id ?? 0) ?? [];
    const removed = present.filter(({ className }) => !inventories.has(className));
    const inUse = removed.filter(
      ({ providerId, classId, used }) => (after.get(inventoryKey(providerId, classId)) ?? used) > 0,
    );
    left.push({ providerUuid, inventories: removed, inUse });
  });
  return left;
}
