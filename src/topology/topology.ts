import { capacityOf } from '../domain/inventory.js';
import { atOnce, inParts, inPartsOfEach, type Divided } from '../slices.js';
import {
  isAltered,
  keyOf,
  stateOf,
  type TopologyChanges,
  type InventoryState,
  type NameState,
  type ProviderState,
} from './changes.js';
import type { Inventory, PinnedTrees, Provider, ResourceClass, Trait, TraitSet, Tree, View } from './model.js';

/**
 * The in-memory replica: objects by id, and the indexes from which searches start. `apply` replaces or removes objects by id, so it is
 * idempotent and does not depend on the order of changes. It uses no clock and no I/O.
 */
export class Topology implements View {
  readonly providers = new Map<number, Provider>();
  readonly trees = new Map<number, Tree>();
  readonly resourceClasses = new Map<number, ResourceClass>();
  readonly traits = new Map<number, Trait>();
  readonly traitSets = new Map<TraitSet, Map<number, Provider>>();

  readonly #byUuid = new Map<string, Provider>();
  readonly #byName = new Map<string, Provider>();
  readonly #byClass = new Map<number, Map<number, Provider>>();
  readonly #byAggregate = new Map<string, Map<number, Provider>>();
  readonly #classByName = new Map<string, ResourceClass>();
  readonly #traitByName = new Map<string, Trait>();
  readonly #traitSetByKey = new Map<string, TraitSet>();
  readonly #aggregatesByKey = new Map<string, InternedAggregates>();
  readonly #aggregatesByList = new WeakMap<readonly string[], InternedAggregates>();
  /** For each pin, the old trees in place of those that were replaced after the pin. */
  readonly #pins = new Set<Map<number, Tree | undefined>>();
  /** The versions of projects. A project that no reader has asked about since its last change has none. */
  readonly #projectVersions = new Map<number, object>();
  #nextBit = 0;
  #version: object = {};

  get version(): object {
    return this.#version;
  }

  providerByUuid(uuid: string): Provider | undefined {
    return this.#byUuid.get(uuid);
  }

  providerByName(name: string): Provider | undefined {
    return this.#byName.get(name);
  }

  treeOf(provider: Provider): Tree {
    const tree = this.trees.get(provider.rootId);
    if (tree === undefined) throw new Error(`provider ${provider.uuid} is in no tree`);
    return tree;
  }

  pinTrees(): PinnedTrees {
    const replaced = new Map<number, Tree | undefined>();
    this.#pins.add(replaced);
    return {
      get: (rootId) => (replaced.has(rootId) ? replaced.get(rootId) : this.trees.get(rootId)),
      release: () => {
        this.#pins.delete(replaced);
      },
    };
  }

  resourceClassByName(name: string): ResourceClass | undefined {
    return this.#classByName.get(name);
  }

  traitByName(name: string): Trait | undefined {
    return this.#traitByName.get(name);
  }

  providersWithClass(resourceClassId: number): ReadonlyMap<number, Provider> | undefined {
    return this.#byClass.get(resourceClassId);
  }

  providersInAggregate(uuid: string): ReadonlyMap<number, Provider> | undefined {
    return this.#byAggregate.get(uuid);
  }

  providersWithTrait(trait: Trait): Provider[] {
    const found: Provider[] = [];
    for (const [set, members] of this.traitSets) {
      if (!set.traits.includes(trait)) continue;
      // One `push` for each provider: 130,000 providers as arguments of one call would overflow the stack.
      for (const member of members.values()) found.push(member);
    }
    return found;
  }

  projectVersion(projectId: number): object {
    let version = this.#projectVersions.get(projectId);
    if (version === undefined) this.#projectVersions.set(projectId, (version = {}));
    return version;
  }

  /** Does the work of {@link applying} at once, without yielding. */
  apply(changes: TopologyChanges): boolean {
    return atOnce(this.applying(changes));
  }

  /**
   * Applies the changes, and yields about once in a millisecond. A search must not use the topology before the generator has ended. Every
   * provider is in a tree whenever it yields.
   *
   * When a resource class was renamed (PUT /resource_classes/{name} below 1.7), the topology replaces the providers that have the class,
   * because readers cache data of providers that contains the name. Returns false, and applies nothing, when a known trait has changed,
   * because no route renames traits.
   */
  *applying(changes: TopologyChanges): Divided<boolean> {
    if (changes.traits.some((change) => isAltered(this.traits, change))) return false;
    if (changes.providers.length + changes.resourceClasses.length + changes.traits.length > 0) this.#version = {};
    const renamed = changes.resourceClasses.filter((change) => isAltered(this.resourceClasses, change));
    const holders = this.#holdersOf(renamed, changes);
    if (renamed.length > 0) this.#projectVersions.clear();
    for (const id of changes.projects ?? []) this.#projectVersions.delete(id);

    // Two classes may have exchanged their names, so all old names are removed before the first new one is added.
    for (const [id] of renamed) this.#removeResourceClass(id);
    // New names are added first and deleted ones are removed last, so that every provider finds its classes and traits.
    for (const [, state] of changes.resourceClasses) if (state !== null) this.#addResourceClass(state);
    for (const [, state] of changes.traits) if (state !== null) this.#addTrait(state);

    for (const page of pagesOf(changes.providers)) {
      yield* this.#replace(page);
      yield;
    }
    for (const page of pagesOf(holders)) {
      yield* this.#replace(page.map((holder) => [holder.id, stateOf(holder)]));
      yield;
    }

    for (const [id, state] of changes.resourceClasses) if (state === null) this.#removeResourceClass(id);
    for (const [id, state] of changes.traits) if (state === null) this.#removeTrait(id);
    return true;
  }

  /** The providers of renamed classes that have not changed otherwise. */
  #holdersOf(renamed: TopologyChanges['resourceClasses'], { providers }: TopologyChanges): Provider[] {
    if (renamed.length === 0) return [];
    const changed = new Set(providers.map(([id]) => id));
    const holders = new Set<Provider>();
    for (const [id] of renamed)
      for (const holder of this.#byClass.get(id)?.values() ?? []) if (!changed.has(holder.id)) holders.add(holder);
    return [...holders];
  }

  /** Replaces a few providers. Each may be in 200,000 aggregates, so the index of aggregates is changed in parts. The rest is changed at once. */
  *#replace(changes: TopologyChanges['providers']): Divided<void> {
    const former = changes.flatMap(([id]) => this.providers.get(id) ?? []);
    const lists = new Map<number, readonly string[]>();
    for (const [id, state] of changes) if (state !== null) lists.set(id, yield* this.#aggregates(state[9] ?? ''));
    yield* inPartsOfEach(
      former.filter(({ id, aggregates }) => lists.get(id) !== aggregates),
      aggregatesOf,
      (aggregate, { id }) => {
        removeFrom(this.#byAggregate, aggregate, id);
      },
    );
    const touchedRoots = new Set(former.map(({ rootId }) => rootId));
    // Providers may have exchanged their unique names, so all old entries are removed before the first new one is added.
    for (const [id, state] of changes) this.#unindex(id, state === null);
    const arrivals = changes.flatMap(([id, state]) =>
      state === null ? [] : [this.#index(state, lists.get(id) ?? NO_AGGREGATES)],
    );
    for (const { rootId } of arrivals) touchedRoots.add(rootId);
    this.#rebuildTrees(touchedRoots, arrivals);
    yield* inPartsOfEach(arrivals, aggregatesOf, (aggregate, provider) => {
      addTo(this.#byAggregate, aggregate, provider);
    });
    for (const { aggregates } of former) this.#forgetAggregates(aggregates);
  }

  #addResourceClass([id, name, modified]: NameState): void {
    if (this.resourceClasses.has(id)) return;
    const resourceClass = { id, name, modified };
    this.resourceClasses.set(id, resourceClass);
    this.#classByName.set(name, resourceClass);
  }

  #removeResourceClass(id: number): void {
    const resourceClass = this.resourceClasses.get(id);
    if (resourceClass === undefined) return;
    this.resourceClasses.delete(id);
    if (this.#classByName.get(resourceClass.name) === resourceClass) this.#classByName.delete(resourceClass.name);
  }

  #addTrait([id, name, modified]: NameState): void {
    if (this.traits.has(id)) return;
    const trait = { id, name, modified, bit: this.#nextBit++ };
    this.traits.set(id, trait);
    this.#traitByName.set(name, trait);
  }

  #removeTrait(id: number): void {
    const trait = this.traits.get(id);
    if (trait === undefined) return;
    this.traits.delete(id);
    if (this.#traitByName.get(trait.name) === trait) this.#traitByName.delete(trait.name);
  }

  /** Removes a provider from all indexes but that of aggregates. A provider that is replaced keeps its place in the order of iteration. */
  #unindex(id: number, gone: boolean): void {
    const provider = this.providers.get(id);
    if (provider === undefined) return;
    if (gone) this.providers.delete(id);
    // An earlier batch may have given the name to another provider.
    if (this.#byUuid.get(provider.uuid) === provider) this.#byUuid.delete(provider.uuid);
    if (this.#byName.get(provider.name) === provider) this.#byName.delete(provider.name);
    for (const { resourceClass } of provider.inventories) removeFrom(this.#byClass, resourceClass.id, id);
    removeFrom(this.traitSets, provider.traits, id);
    if (!this.traitSets.has(provider.traits)) this.#traitSetByKey.delete(keyOf(provider.traits));
  }

  #index(state: ProviderState, aggregates: readonly string[]): Provider {
    const [id, uuid, name, generation, parentId, rootId, modified, inventories, traits] = state;
    const provider: Provider = {
      id,
      uuid,
      name,
      generation,
      parentId,
      rootId,
      modified,
      inventories: inventories === null ? NO_INVENTORIES : inventories.map((row) => this.#inventory(row)),
      traits: this.#traitSet(traits ?? ''),
      aggregates,
    };
    this.providers.set(id, provider);
    this.#byUuid.set(uuid, provider);
    this.#byName.set(name, provider);
    for (const { resourceClass } of provider.inventories) addTo(this.#byClass, resourceClass.id, provider);
    addTo(this.traitSets, provider.traits, provider);
    return provider;
  }

  #inventory(state: InventoryState): Inventory {
    const [classId, total, reserved, minUnit, maxUnit, stepSize, allocationRatio, used, modified] = state;
    const resourceClass = this.resourceClasses.get(classId);
    if (resourceClass === undefined) throw new Error(`inventory of unknown resource class ${classId}`);
    const capacity = capacityOf(total, reserved, allocationRatio);
    return { resourceClass, total, reserved, minUnit, maxUnit, stepSize, allocationRatio, used, modified, capacity };
  }

  #traitSet(key: string): TraitSet {
    const known = this.#traitSetByKey.get(key);
    if (known !== undefined) return known;
    const traits = (key === '' ? [] : key.split(',')).map((id) => {
      const trait = this.traits.get(Number(id));
      if (trait === undefined) throw new Error(`provider with unknown trait ${id}`);
      return trait;
    });
    const highest = traits.reduce((max, trait) => Math.max(max, trait.bit), -1);
    // `highest` is -1 for a provider without traits. An unsigned shift of -1 would make 512 MB of zeros.
    const bits = new Uint32Array((highest >> 5) + 1);
    for (const { bit } of traits) bits[bit >>> 5] = (bits[bit >>> 5] ?? 0) | (1 << (bit & 31));
    const set = { traits, bits };
    this.#traitSetByKey.set(key, set);
    return set;
  }

  /** Returns the list of aggregates for a text of uuids, and counts one more provider that uses it. */
  *#aggregates(key: string): Divided<readonly string[]> {
    let known = this.#aggregatesByKey.get(key);
    if (known === undefined) {
      const list: string[] = [];
      yield* inParts(itemsOf(key), (aggregate) => void list.push(aggregate));
      known = { key, list, users: 0 };
      this.#aggregatesByKey.set(key, known);
      this.#aggregatesByList.set(list, known);
    }
    known.users++;
    return known.list;
  }

  /** Counts one provider less. The last one removes the list, because a list may have 200,000 aggregates. */
  #forgetAggregates(list: readonly string[]): void {
    const known = this.#aggregatesByList.get(list);
    if (known !== undefined && --known.users === 0) this.#aggregatesByKey.delete(known.key);
  }

  /** Replaces the trees that lost, gained or changed a member. @param arrivals the providers that were added or replaced */
  #rebuildTrees(rootIds: ReadonlySet<number>, arrivals: readonly Provider[]): void {
    const arrived = new Map<number, Provider[]>();
    for (const provider of arrivals) {
      const siblings = arrived.get(provider.rootId);
      if (siblings === undefined) arrived.set(provider.rootId, [provider]);
      else siblings.push(provider);
    }
    const arrivedIds = new Set(arrivals.map((provider) => provider.id));
    for (const rootId of rootIds) {
      for (const replaced of this.#pins) if (!replaced.has(rootId)) replaced.set(rootId, this.trees.get(rootId));
      const stayed = (this.trees.get(rootId)?.members ?? []).filter(
        (member) => !arrivedIds.has(member.id) && this.providers.get(member.id) === member,
      );
      const members = [...stayed, ...(arrived.get(rootId) ?? [])].sort((a, b) => a.id - b.id);
      if (members.length === 0) this.trees.delete(rootId);
      else this.trees.set(rootId, { rootId, members });
    }
  }
}

/** A list of aggregates, which providers share. */
interface InternedAggregates {
  /** The UUIDs of the aggregates, joined by commas. */
  readonly key: string;
  readonly list: readonly string[];
  /** How many providers have the list. */
  users: number;
}

const NO_INVENTORIES: readonly Inventory[] = [];
const NO_AGGREGATES: readonly string[] = [];

/** Replacing so many providers takes a few milliseconds. */
const PAGE = 200;

function* pagesOf<T>(items: readonly T[]): Generator<readonly T[], void> {
  for (let start = 0; start < items.length; start += PAGE) yield items.slice(start, start + PAGE);
}

function aggregatesOf({ aggregates }: Provider): readonly string[] {
  return aggregates;
}

/** Yields the items of a text between its commas, and none for an empty text. `split` takes 20 ms for 200,000 items. */
function* itemsOf(text: string): Generator<string, void> {
  if (text === '') return;
  let start = 0;
  for (let comma = text.indexOf(','); comma !== -1; comma = text.indexOf(',', start)) {
    yield text.slice(start, comma);
    start = comma + 1;
  }
  yield text.slice(start);
}

function addTo<Key>(index: Map<Key, Map<number, Provider>>, key: Key, provider: Provider): void {
  const members = index.get(key);
  if (members === undefined) index.set(key, new Map([[provider.id, provider]]));
  else members.set(provider.id, provider);
}

function removeFrom<Key>(index: Map<Key, Map<number, Provider>>, key: Key, id: number): void {
  const members = index.get(key);
  members?.delete(id);
  if (members?.size === 0) index.delete(key);
}
