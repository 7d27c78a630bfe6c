import { arrayText } from '../db/array-text.js';
import type { Transaction } from '../db/transaction.js';
import { inParts, withPauses, type Divided } from '../slices.js';
import { inventoryKey, type Claim, type InventorySet, type LockedState, type StoredInventory } from './model.js';
import { LOCK_CONSUMERS, LOCK_FREE_CONSUMERS, LOCK_FREE_PROVIDERS, LOCK_PROVIDERS, READ_STATE } from './sql.js';

/** Locks everything that a request names or its consumers hold, then reads it; one round trip. */
export function lockAndRead(
  transaction: Transaction,
  claims: readonly Claim[],
  sets: readonly InventorySet[] = [],
): Promise<LockedState> {
  return read(transaction, claims, sets, {
    consumers: { name: 'lock_consumers', text: LOCK_CONSUMERS },
    providers: { name: 'lock_providers', text: LOCK_PROVIDERS },
  });
}

/** The same without waiting: what others have locked is not in `consumers` and `providers` (held-up.ts). */
export function lockFreeAndRead(transaction: Transaction, claims: readonly Claim[]): Promise<LockedState> {
  return read(transaction, claims, [], {
    consumers: { name: 'lock_free_consumers', text: LOCK_FREE_CONSUMERS },
    providers: { name: 'lock_free_providers', text: LOCK_FREE_PROVIDERS },
  });
}

async function read(
  transaction: Transaction,
  claims: readonly Claim[],
  sets: readonly InventorySet[],
  locks: { consumers: { name: string; text: string }; providers: { name: string; text: string } },
): Promise<LockedState> {
  const names = await withPauses(namesIn(claims, sets));
  const providerTexts = await arrayText([...names.providers]);
  const consumerTexts = await arrayText([...names.consumers]);
  const others = [names.classes, names.projects, names.users, names.types].map((some) => [...some]);
  const values = [providerTexts, consumerTexts, ...others];
  const [consumers, providers, state] = await Promise.all([
    transaction.query<ConsumerRow>({ ...locks.consumers, values: [consumerTexts] }),
    transaction.query<Row>({ ...locks.providers, values: [providerTexts, consumerTexts] }),
    transaction.query<StateRow>({ name: 'read_state', text: READ_STATE, values }),
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
    parse<[number, number, number, number]>(found?.held),
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

/** Each column is the text of a JSON list, or null. */
type StateRow = Record<'inventories' | 'held' | 'classes' | 'projects' | 'users' | 'types', string | null>;

type InventoryColumns = [
  providerId: number,
  classId: number,
  className: string,
  total: number,
  reserved: number,
  min_unit: number,
  max_unit: number,
  step_size: number,
  allocation_ratio: number,
  used: number,
];

function toInventory(columns: InventoryColumns): [string, StoredInventory] {
  const [providerId, classId, className, total, reserved, min_unit, max_unit, step_size, allocation_ratio, used] =
    columns;
  const numbers = { total, reserved, min_unit, max_unit, step_size, allocation_ratio };
  return [inventoryKey(providerId, classId), { providerId, classId, className, ...numbers, used }];
}

function parse<T>(json: string | null | undefined): T[] {
  return json == null ? [] : (JSON.parse(json) as T[]);
}
