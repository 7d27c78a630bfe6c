import { meetsUnits } from '../domain/inventory.js';

/**
 * The objects of the topology. They are constants: a change in the database replaces the object. So values derived from an
 * object, such as its JSON, may be cached in a WeakMap with the object as the key.
 */

export interface ResourceClass {
  readonly id: number;
  readonly name: string;
  /** Seconds since the epoch of the last change, for `last-modified`. */
  readonly modified: number;
}

export interface Trait {
  readonly id: number;
  readonly name: string;
  readonly modified: number;
  /** Position of the trait in the bit sets of {@link TraitSet}. Positions have few gaps, unlike ids. */
  readonly bit: number;
}

/** An interned set of traits. Providers with the same traits share one set, so thousands of compute nodes have a few sets. */
export interface TraitSet {
  readonly traits: readonly Trait[];
  /** Bit `trait.bit` is set for each member, 32 to a word. */
  readonly bits: Uint32Array;
}

export function hasTrait(set: TraitSet, trait: Trait): boolean {
  return ((set.bits[trait.bit >>> 5] ?? 0) & (1 << (trait.bit & 31))) !== 0;
}

export interface Inventory {
  readonly resourceClass: ResourceClass;
  readonly total: number;
  readonly reserved: number;
  readonly minUnit: number;
  readonly maxUnit: number;
  readonly stepSize: number;
  readonly allocationRatio: number;
  readonly used: number;
  readonly modified: number;
  /** Not rounded (domain/inventory.ts). */
  readonly capacity: number;
}

/** Whether the inventory has room for another allocation of `amount`. */
export function hasRoom(inventory: Inventory, amount: number): boolean {
  const { used, capacity, minUnit, maxUnit, stepSize } = inventory;
  return used + amount <= capacity && meetsUnits(amount, minUnit, maxUnit, stepSize);
}

export interface Provider {
  readonly id: number;
  readonly uuid: string;
  readonly name: string;
  readonly generation: number;
  readonly parentId: number | null;
  readonly rootId: number;
  readonly modified: number;
  /** In ascending order of resource class id. */
  readonly inventories: readonly Inventory[];
  readonly traits: TraitSet;
  /** UUIDs of aggregates, interned like the traits. */
  readonly aggregates: readonly string[];
}

export function inventoryOf(provider: Provider, resourceClassId: number): Inventory | undefined {
  for (const inventory of provider.inventories) {
    if (inventory.resourceClass.id === resourceClassId) return inventory;
  }
  return undefined;
}

/** A root provider and all its descendants, in ascending order of id. Replaced when any member changes. */
export interface Tree {
  readonly rootId: number;
  readonly members: readonly Provider[];
}

/** A member of a tree by id. */
export function memberOf({ members }: Tree, id: number): Provider | undefined {
  let [low, high] = [0, members.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    const member = members[middle];
    if (member === undefined || member.id === id) return member;
    if (member.id < id) low = middle + 1;
    else high = middle;
  }
  return undefined;
}

/** The trees of one moment, by id of the root. */
export interface PinnedTrees {
  get(rootId: number): Tree | undefined;
  release(): void;
}

/**
 * The providers of the cloud at one moment, as committed in the database. Only {@link Topology} makes a view. Readers get it from
 * `current()` and must not use it after their next await. The objects in it are constants: a reader that works longer keeps the objects
 * that it needs, and uses {@link View.pinTrees} for the trees.
 */
export interface View {
  /**
   * The same object for as long as no provider, resource class or trait has changed. Data derived from them is valid while `version` is
   * the same object.
   */
  readonly version: object;
  readonly providers: ReadonlyMap<number, Provider>;
  readonly trees: ReadonlyMap<number, Tree>;
  providerByUuid(uuid: string): Provider | undefined;
  providerByName(name: string): Provider | undefined;
  /** The tree of a provider. */
  treeOf(provider: Provider): Tree;
  /** Keeps the trees as they are now, for work that goes on while the view changes. The caller releases them at the end. */
  pinTrees(): PinnedTrees;

  readonly resourceClasses: ReadonlyMap<number, ResourceClass>;
  resourceClassByName(name: string): ResourceClass | undefined;
  readonly traits: ReadonlyMap<number, Trait>;
  traitByName(name: string): Trait | undefined;

  /** Providers with inventory of a class, by id; undefined when there is none. */
  providersWithClass(resourceClassId: number): ReadonlyMap<number, Provider> | undefined;
  /** Providers in an aggregate, by id; undefined when there is none. */
  providersInAggregate(uuid: string): ReadonlyMap<number, Provider> | undefined;
  /** Every trait set in use, with the providers that have exactly these traits. */
  readonly traitSets: ReadonlyMap<TraitSet, ReadonlyMap<number, Provider>>;
  /** Providers with a trait (a union over the trait sets that contain it). */
  providersWithTrait(trait: Trait): Provider[];

  /**
   * Returns the same object for as long as the consumers of a project have not changed: their allocations, their project, user and type,
   * and the names of their resource classes. Data that was read from the database after this object was made is valid for as long as this
   * method returns the same object.
   */
  projectVersion(projectId: number): object;
}
