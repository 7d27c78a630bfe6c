import type { Provider, View } from '../topology/model.js';
import { remember } from './conditions.js';
import type { Plan, Slot } from './match.js';
import type { ResourceAmount } from './request.js';

export interface Allocation {
  readonly provider: Provider;
  /**
   * Each class once, amounts of several groups added. Candidates of one answer share these lists: providers that serve the
   * same groups have the very same one, so its JSON can be made once.
   */
  readonly resources: readonly ResourceAmount[];
}

export interface Candidate {
  readonly allocations: readonly Allocation[];
  /** The providers of each group, by position of the group in the request; one for a suffixed group. */
  readonly mappings: readonly (readonly Provider[])[];
}

/** What a provider gives to some set of slots. Adding the same slots in the same order leads to the same list. */
interface Bag {
  readonly resources: readonly ResourceAmount[];
  readonly bigger: Map<Slot, Bag>;
}

/** Makes candidates of a plan from the provider of each slot, in the order of the slots. */
export function candidateMaker({ request, slots }: Plan): (chosen: readonly Provider[]) => Candidate {
  const empty: Bag = { resources: [], bigger: new Map() };
  // Most mappings name one provider, and the same ones come again and again: one list for each saves most of the memory.
  const alone = remember((provider: Provider): readonly Provider[] => [provider]);
  return (chosen) => {
    const providers: Provider[] = [];
    const bags: Bag[] = [];
    const mappings: (readonly Provider[])[] = request.groups.map(() => NOBODY);
    for (const slot of slots) {
      const provider = chosen[slot.index];
      if (provider === undefined) throw new Error(`no provider for slot ${slot.index}`);
      const mapped = mappings[slot.group] ?? NOBODY;
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

const NOBODY: readonly Provider[] = [];

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

/**
 * The providers that provider_summaries tells about: all of every tree that gives something to some candidate, or below
 * 1.29 only those that give. A provider that merely stands for a resourceless group does not count.
 */
export function summarised(view: View, candidates: readonly Candidate[], nested: boolean): Provider[] {
  if (!nested)
    return [...new Set(candidates.flatMap(({ allocations }) => allocations.map(({ provider }) => provider)))];
  const seen = new Set<number>();
  const found: Provider[] = [];
  for (const { allocations } of candidates) {
    for (const { provider } of allocations) {
      if (seen.has(provider.rootId)) continue;
      seen.add(provider.rootId);
      found.push(...view.treeOf(provider).members);
    }
  }
  return found;
}
