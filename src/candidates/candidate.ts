import type { Provider, Tree } from '../topology/model.js';
import { remember } from './conditions.js';
import type { Pace, Pause } from './effort.js';
import type { Plan, Slot } from './plan.js';
import type { ResourceAmount } from './request.js';

/** The form in which the search keeps a candidate: the provider of each slot, by index of the slot. */
export interface Combination {
  /** The tree of the anchor. */
  readonly tree: Tree;
  readonly chosen: readonly Provider[];
}

export interface Allocation {
  readonly provider: Provider;
  /**
   * Each class once, with the amounts of several groups added. Candidates of one result share these lists. Providers that serve the same
   * groups have the same list object, so its JSON can be made once.
   */
  readonly resources: readonly ResourceAmount[];
}

export interface Candidate {
  readonly allocations: readonly Allocation[];
  /** The providers of each group, by position of the group in the request; one for a suffixed group. */
  readonly mappings: readonly (readonly Provider[])[];
}

/** The amounts that a provider gives to a set of slots. Adding the same slots in the same order results in the same list. */
interface Bag {
  readonly resources: readonly ResourceAmount[];
  readonly bigger: Map<Slot, Bag>;
}

/** Returns a function that makes candidates from combinations. */
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
  // Most mappings have one provider, and the same providers occur often. One list for each provider saves most of the memory.
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

/** A tree with its providers that are in provider_summaries. */
export interface Summarised {
  readonly tree: Tree;
  readonly members: readonly Provider[];
}

/**
 * Returns the providers of provider_summaries: all providers of every tree that gives resources to some candidate, or below 1.29 only the
 * providers that give resources. A provider that only serves a resourceless group does not count.
 *
 * @param treeOf returns the tree of a sharing provider; a combination may have sharing providers of other trees than the anchor's
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
