import { arrayText } from '../db/array-text.js';
import type { Transaction } from '../db/transaction.js';
import { inParts, inPartsOfEach, withPauses, type Divided } from '../slices.js';
import {
  allocationsOf,
  inventoryKey,
  type Claim,
  type InventorySet,
  type LockedState,
  type StoredInventory,
} from './model.js';
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

/** The same without waiting: what others have locked is not in `consumers` and `providers` (blocked-claims.ts). */
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
    ...(await withPauses(locked(consumers.rows, providers.rows, found))),
    classes: new Map(parse<[string, number]>(found?.classes)),
    projects: new Map(parse<[string, number]>(found?.projects)),
    users: new Map(parse<[string, number]>(found?.users)),
    consumerTypes: new Map(parse<[string, number]>(found?.types)),
  };
}

/** Sets: a large request names few of most kinds. */
function* namesIn(claims: readonly Claim[], sets: readonly InventorySet[]): Divided<Record<NameKind, Set<string>>> {
  const [consumers, providers, classes] = [new Set<string>(), new Set<string>(), new Set<string>()];
  const [projects, users, types] = [new Set<string>(), new Set<string>(), new Set<string>()];
  yield* inParts(claims, ({ consumerUuid, projectId, userId, consumerType }) => {
    consumers.add(consumerUuid);
    projects.add(projectId);
    users.add(userId);
    if (consumerType !== null) types.add(consumerType);
  });
  yield* inPartsOfEach(claims, allocationsOf, ({ providerUuid, resources }) => {
    providers.add(providerUuid);
    for (const name of resources.keys()) classes.add(name);
  });
  for (const { providerUuid, inventories } of sets) {
    providers.add(providerUuid);
    for (const name of inventories.keys()) classes.add(name);
  }
  return { consumers, providers, classes, projects, users, types };
}

type NameKind = 'consumers' | 'providers' | 'classes' | 'projects' | 'users' | 'types';

/** The lists of a large request. */
function* locked(
  consumerRows: readonly ConsumerRow[],
  providerRows: readonly Row[],
  found: StateRow | undefined,
): Divided<Pick<LockedState, 'consumers' | 'providers' | 'inventories' | 'held'>> {
  const consumers = new Map<string, { id: number; generation: number }>();
  // bigint comes as text
  yield* inParts(consumerRows, ({ uuid, id, generation }) => void consumers.set(uuid, { id: Number(id), generation }));
  const providers = new Map<string, { id: number; generation: number }>();
  yield* inParts(providerRows, ({ uuid, id, generation }) => void providers.set(uuid, { id, generation }));
  const inventories = new Map<string, StoredInventory>();
  yield* inPartsOfEach(piecesOf(found?.inventories), parse<InventoryColumns>, (columns) => {
    inventories.set(...toInventory(columns));
  });
  const held: LockedState['held'][number][] = [];
  yield* inPartsOfEach(
    piecesOf(found?.held),
    parse<HeldColumns>,
    ([consumerId, providerId, classId, used]) => void held.push({ consumerId, providerId, classId, used }),
  );
  return { consumers, providers, inventories, held };
}

/** JSON.parse takes well below a millisecond for so many characters. */
const PIECE = 16_384;

/** The text of a long list of lists as several lists. No text within the lists may have a bracket: names of resource classes have none. */
function* piecesOf(json: string | null | undefined): Generator<string, void> {
  if (json == null) return;
  let start = 0;
  for (
    let end = json.indexOf(']', PIECE);
    end !== -1 && end < json.length - 2;
    end = json.indexOf(']', start + PIECE)
  ) {
    yield `${start === 0 ? '' : '['}${json.slice(start, end + 1)}]`;
    // Skips the comma.
    start = json.indexOf('[', end);
  }
  yield start === 0 ? json : `[${json.slice(start)}`;
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
