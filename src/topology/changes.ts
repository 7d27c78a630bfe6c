import type { Provider, ResourceClass, Trait, TraitSet } from './model.js';

/** The complete state of one provider, as the query in `load.sql.ts` returns it. */
export type ProviderState = readonly [
  id: number,
  uuid: string,
  name: string,
  generation: number,
  parentId: number | null,
  rootId: number,
  modified: number,
  inventories: readonly InventoryState[] | null,
  /** Trait ids in ascending order, joined by commas. The topology interns the set of traits under this text. */
  traits: string | null,
  /** Aggregate uuids in ascending order joined by commas. */
  aggregates: string | null,
];

export type InventoryState = readonly [
  resourceClassId: number,
  total: number,
  reserved: number,
  minUnit: number,
  maxUnit: number,
  stepSize: number,
  allocationRatio: number,
  used: number,
  modified: number,
];

export type NameState = readonly [id: number, name: string, modified: number];

/** The present state of each object that changed. The state is `null` when the object was deleted. */
export interface TopologyChanges {
  readonly resourceClasses: readonly (readonly [id: number, state: NameState | null])[];
  readonly traits: readonly (readonly [id: number, state: NameState | null])[];
  readonly providers: readonly (readonly [id: number, state: ProviderState | null])[];
  /** Ids of projects whose consumers have changed. The topology has no state of projects. */
  readonly projects?: readonly number[];
}

/** Returns the state of a provider in the form of the database. */
export function stateOf({ id, uuid, name, generation, parentId, rootId, modified, ...more }: Provider): ProviderState {
  const inventories = more.inventories.map((one): InventoryState => [
    one.resourceClass.id,
    one.total,
    one.reserved,
    one.minUnit,
    one.maxUnit,
    one.stepSize,
    one.allocationRatio,
    one.used,
    one.modified,
  ]);
  const [traits, aggregates] = [keyOf(more.traits), more.aggregates.join()];
  return [id, uuid, name, generation, parentId, rootId, modified, inventories, traits, aggregates];
}

/** The key of an interned set of traits. */
export function keyOf(set: TraitSet): string {
  return set.traits.map((trait) => trait.id).join(',');
}

/** Whether a class or trait in `known` has another name or date in the change. */
export function isAltered(
  known: ReadonlyMap<number, ResourceClass | Trait>,
  [id, state]: readonly [number, NameState | null],
): boolean {
  const old = known.get(id);
  return old !== undefined && state !== null && (old.name !== state[1] || old.modified !== state[2]);
}
