import { arrayText } from '../db/array-text.js';
import type { Transaction } from '../db/transaction.js';
import { inParts, withPauses, type Divided } from '../slices.js';
import { inventoryKey, type Claim, type InventorySet, type LockedState, type StoredInventory } from './model.js';
import { lockConsumers, lockFreeConsumers, lockFreeProviders, lockProviders } from './sql/locks.js';
import { readState, type HeldColumns, type InventoryColumns, type StateRow } from './sql/read-state.js';

/** Locks everything that a request names or its consumers hold, then reads it; one round trip. */
export function lockAndRead(
  transaction: Transaction,
  claims: readonly Claim[],
  sets: readonly InventorySet[] = [],
): Promise<LockedState> {
  return read(transaction, claims, sets, { lockConsumers, lockProviders });
}

/** The same without waiting: what others have locked is not in `consumers` and `providers` (held-up.ts). */
export function lockFreeAndRead(transaction: Transaction, claims: readonly Claim[]): Promise<LockedState> {
  return read(transaction, claims, [], { lockConsumers: lockFreeConsumers, lockProviders: lockFreeProviders });
}

async function read(
  transaction: Transaction,
  claims: readonly Claim[],
  sets: readonly InventorySet[],
  locks: { readonly lockConsumers: typeof lockConsumers; readonly lockProviders: typeof lockProviders },
): Promise<LockedState> {
  const names = await withPauses(namesIn(claims, sets));
  const providerUuids = await arrayText([...names.providers]);
  const consumerUuids = await arrayText([...names.consumers]);
  const stateNames = {
    providers: providerUuids,
    consumers: consumerUuids,
    classes: [...names.classes],
    projects: [...names.projects],
    users: [...names.users],
    types: [...names.types],
  };
  const [consumers, providers, state] = await Promise.all([
    transaction.query<ConsumerRow>(locks.lockConsumers(consumerUuids)),
    transaction.query<Row>(locks.lockProviders(providerUuids, consumerUuids)),
    transaction.query<StateRow>(readState(stateNames)),
  ]);
  const found = state.rows[0];
  return {
    ...(await withPauses(amounts(consumers.rows, found))),
    providers: new Map(providers.rows.map(({ uuid, id, generation }) => [uuid, { id, generation }])),
    classes: new Map(parse<[string, number]>(found?.classes)),
    inventories: new Map(parse<InventoryColumns>(found?.inventories).map(toInventory)),
    projects: new Map(parse<[string, number]>(found?.projects)),
    users: new Map(parse<[string, number]>(found?.users)),
    consumerTypes: new Map(parse<[string, number]>(found?.types)),
  };
}

/** Sets: a large request names few of most kinds. */
function* namesIn(claims: readonly Claim[], sets: readonly InventorySet[]): Divided<Record<NameKind, Set<string>>> {
  const [consumers, providers, classes] = [new Set<string>(), new Set<string>(), new Set<string>()];
  const [projects, users, types] = [new Set<string>(), new Set<string>(), new Set<string>()];
  yield* inParts(claims, ({ consumerUuid, projectId, userId, consumerType, allocations }) => {
    consumers.add(consumerUuid);
    projects.add(projectId);
    users.add(userId);
    if (consumerType !== null) types.add(consumerType);
    for (const { providerUuid, resources } of allocations) {
      providers.add(providerUuid);
      for (const name of resources.keys()) classes.add(name);
    }
  });
  for (const { providerUuid, inventories } of sets) {
    providers.add(providerUuid);
    for (const name of inventories.keys()) classes.add(name);
  }
  return { consumers, providers, classes, projects, users, types };
}

type NameKind = 'consumers' | 'providers' | 'classes' | 'projects' | 'users' | 'types';

/** What a large request has many of. */
function* amounts(
  rows: readonly ConsumerRow[],
  found: StateRow | undefined,
): Divided<Pick<LockedState, 'consumers' | 'held'>> {
  const consumers = new Map<string, { id: number; generation: number }>();
  // bigint comes as text
  yield* inParts(rows, ({ uuid, id, generation }) => void consumers.set(uuid, { id: Number(id), generation }));
  const held: LockedState['held'][number][] = [];
  yield* inParts(
    parse<HeldColumns>(found?.held),
    ([consumerId, providerId, classId, used]) => void held.push({ consumerId, providerId, classId, used }),
  );
  return { consumers, held };
}

interface Row {
  readonly id: number;
  readonly uuid: string;
  readonly generation: number;
}

interface ConsumerRow {
  readonly id: string;
  readonly uuid: string;
  readonly generation: number;
}

function toInventory(columns: InventoryColumns): [string, StoredInventory] {
  const [providerId, classId, className, total, reserved, min_unit, max_unit, step_size, allocation_ratio, used] =
    columns;
  const numbers = { total, reserved, min_unit, max_unit, step_size, allocation_ratio };
  return [inventoryKey(providerId, classId), { providerId, classId, className, ...numbers, used }];
}

function parse<T>(json: string | null | undefined): T[] {
  return json == null ? [] : (JSON.parse(json) as T[]);
}
