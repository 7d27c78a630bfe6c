import type { Provider, Tree } from '../topology/model.js';
import { remember } from './conditions.js';
import type { Pace, Pause } from './effort.js';
import type { Plan, Slot } from './plan.js';
import type { ResourceAmount } from './request.js';

/** A candidate as the search keeps it: the provider of each slot, by index of the slot. */
export interface Combination {
  /** Of the anchor. */
  readonly tree: Tree;
  readonly chosen: readonly Provider[];
}

export interface Allocation {
  readonly provider: Provider;
  /**
   * Each class once, amounts of several groups added. Candidates of one result share these lists: providers that serve the
   * same groups have the very same one, so its JSON can be made once.
   */
  readonly resources: readonly ResourceAmount[];
}

export interface Candidate {
  readonly allocations: readonly Allocation[];
  /** The providers of each group, by position of the group in the request; one for a suffixed group. */
  readonly mappings: readonly (readonly Provider[])[];
}

/** What a provider gives to a set of slots. Adding the same slots in the same order leads to the same list. */
interface Bag {
  readonly resources: readonly ResourceAmount[];
  readonly bigger: Map<Slot, Bag>;
}

/** Makes candidates of a plan from what the search has kept. */
export function candidateMaker({ request, slots }: Plan): (combination: Combination) => Candidate {
  const [only, ...others] = request.groups;
  const resourcesOfAll = only !== undefined && others.length === 0 && only.resources.length > 0 ? only.resources : null;
  let combined: ReturnType<typeof combiner> | null = null;
  return (combination) => {
    const { chosen } = combination;
    const [first] = chosen;
    if (resourcesOfAll !== null && first !== undefined && isSame(chosen, first)) {
      return { allocations: [{ provider: first, resources: resourcesOfAll }], mappings: [[first]] };
    }
    combined ??= combiner({ request, slots });
    return combined(combination);
  };
}

function combiner({ request, slots }: Pick<Plan, 'request' | 'slots'>): (combination: Combination) => Candidate {
  const empty: Bag = { resources: [], bigger: new Map() };
  // Most mappings name one provider, and the same ones come again and again: one list for each saves most of the memory.
  const alone = remember((provider: Provider): readonly Provider[] => [provider]);
  return ({ chosen }) => {
    const providers: Provider[] = [];
    const bags: Bag[] = [];
    const mappings: (readonly Provider[])[] = request.groups.map(() => NO_PROVIDERS);
    for (const slot of slots) {
      const provider = chosen[slot.index];
      if (provider === undefined) throw new Error(`no provider for slot ${slot.index}`);
      const mapped = mappings[slot.group] ?? NO_PROVIDERS;
      if (mapped.length === 0) mappings[slot.group] = alone(provider);
      else if (!mapped.includes(provider)) mappings[slot.group] = [...mapped, provider];
      if (slot.resources.length === 0) continue;
      let position = providers.indexOf(provider);
      if (position === -1) position = providers.push(provider) - 1;
      bags[position] = enlarged(bags[position] ?? empty, slot);
    }
    const allocations = providers.map((provider, i) => ({ provider, resources: (bags[i] ?? empty).resources }));
    return { allocations, mappings };
  };
}

function isSame(chosen: readonly Provider[], first: Provider): boolean {
  for (const provider of chosen) if (provider !== first) return false;
  return true;
}

const NO_PROVIDERS: readonly Provider[] = [];

function enlarged(bag: Bag, slot: Slot): Bag {
  let bigger = bag.bigger.get(slot);
  if (bigger === undefined) {
    bigger = { resources: sum(bag.resources, slot.resources), bigger: new Map() };
    bag.bigger.set(slot, bigger);
  }
  return bigger;
}

function sum(some: readonly ResourceAmount[], more: readonly ResourceAmount[]): ResourceAmount[] {
  const amounts = new Map(some.map(({ resourceClass, amount }) => [resourceClass, amount]));
  for (const { resourceClass, amount } of more) amounts.set(resourceClass, (amounts.get(resourceClass) ?? 0) + amount);
  return [...amounts].map(([resourceClass, amount]) => ({ resourceClass, amount }));
}

/** A tree with those of its providers that provider_summaries tells about. */
export interface Summarised {
  readonly tree: Tree;
  readonly members: readonly Provider[];
}

/**
 * What provider_summaries tells about: all of every tree that gives something to some candidate, or below 1.29 only those
 * that give. A provider that merely stands for a resourceless group does not count.
 *
 * @param treeOf the tree of a provider that shares, of which a combination may have some beside its anchor's tree
 */
export function* summarised(
  combinations: readonly Combination[],
  { slots, request }: Plan,
  treeOf: (provider: Provider) => Tree,
  pace: Pace,
): Generator<Pause, Summarised[], void> {
  const giving = slots.filter(({ resources }) => resources.length > 0).map(({ index }) => index);
  const seen = new Set<number>();
  const found: Summarised[] = [];
  for (const { tree, chosen } of combinations) {
    if (pace.isDue(2 * giving.length)) yield 'pause';
    for (const index of giving) {
      const provider = chosen[index];
      if (provider === undefined) continue;
      const key = request.nested ? provider.rootId : provider.id;
      if (seen.has(key)) continue;
      seen.add(key);
      const own = provider.rootId === tree.rootId ? tree : treeOf(provider);
      found.push({ tree: own, members: request.nested ? own.members : [provider] });
    }
  }
  return found;
}
