import type { Pace, Pause } from '../candidates/effort.js';
import type { TreeOf } from '../candidates/levels.js';
import type { Plan, Slot } from '../candidates/plan.js';
import type { Sharing } from '../candidates/sharing.js';
import { descriptions } from './tree-description.js';
import { offersOf, type Effort } from './offers.js';
import { optionsTogether, pack, type Packing } from './pack.js';
import { poolFlow } from './pools.js';
import { proverOf, scarcest, type Proof, type Prover } from './proofs.js';
import { conditionsOfSlot, type AmountCondition, type CapacityBounds, type Count, type FullProvider } from './model.js';
import type { TreeSurvey } from './tree-survey.js';

/** The number of requests that fit in a tree if all other trees take none. */
export interface TreeCount {
  readonly survey: TreeSurvey;
  readonly count: Count;
  /** The conditions because of which the tree cannot take more requests; empty when none fits. */
  readonly limits: readonly AmountCondition[];
}

/** Trees that take from the same pools, and the number of requests that they can take together. */
export interface Together {
  readonly trees: readonly TreeCount[];
  readonly count: Count;
  readonly full: readonly FullProvider[];
  /** The requests of the constructed packing by id of the root; null when the count is exact without a packing. */
  readonly packed: ReadonlyMap<number, number> | null;
}

export interface Counter {
  readonly conditions: readonly AmountCondition[];
  /** Counts each tree by itself. */
  countTrees(surveys: readonly TreeSurvey[]): Generator<Pause, TreeCount[], void>;
  /** Counts the trees of each component together. */
  countTogether(components: readonly (readonly TreeCount[])[]): Generator<Pause, Together[], void>;
  /** Counts some trees of a component together, if its other trees take nothing. */
  countSome(together: Together, trees: readonly TreeCount[]): Generator<Pause, Count, void>;
  /** Whether no bound ended any part of the work. */
  isComplete(): boolean;
}

export function counterOf(plan: Plan, sharing: Sharing, treeOf: TreeOf, bounds: CapacityBounds, pace: Pace): Counter {
  const prover = proverOf(plan);
  const offers = offersOf(plan, sharing, treeOf, pace);
  const describe = descriptions(plan);
  let complete = true;
  let left = bounds.maxSteps;
  /** The requests that certainly fit, of the trees and components that are counted so far. */
  let sure = 0;

  function* construct(surveys: readonly TreeSurvey[], target: number, share: number): Generator<Pause, Packing, void> {
    const effort: Effort = { left: Math.min(Math.max(share, LEAST_SHARE), left) };
    const before = effort.left;
    const packing =
      bounds.enough !== null && sure >= bounds.enough
        ? { claims: [], size: 0, complete: target === 0 }
        : yield* pack(surveys, offers, prover, target, effort);
    left -= before - Math.max(effort.left, 0);
    if (!packing.complete) complete = false;
    return packing;
  }

  /** The share of steps of each tree that needs a packing. */
  function shareOf(surveys: readonly TreeSurvey[]): number {
    const looks = new Set<string | TreeSurvey>();
    for (const survey of surveys) if (!prover.isExact(survey)) looks.add(describe(survey) ?? survey);
    return Math.ceil(left / Math.max(looks.size, 1));
  }

  function* countTrees(surveys: readonly TreeSurvey[]): Generator<Pause, TreeCount[], void> {
    const share = shareOf(surveys);
    const known = new Map<string, TreeCount>();
    const counted: TreeCount[] = [];
    for (const survey of surveys) {
      if (pace.isDue(20 * plan.slots.length * survey.tree.members.length)) yield 'pause';
      const proof = prover.prove(survey.options);
      let one: TreeCount;
      if (prover.isExact(survey)) {
        const { atMost, because } = proof;
        one = { survey, count: { atLeast: atMost, atMost }, limits: because };
      } else {
        const look = describe(survey);
        const twin = look === null ? undefined : known.get(look);
        one = twin === undefined ? yield* countByTrying(survey, proof, share) : { ...twin, survey };
        if (look !== null && twin === undefined) known.set(look, one);
      }
      if (!survey.pooled) sure += one.count.atLeast;
      counted.push(one);
    }
    return counted;
  }

  function* countByTrying(survey: TreeSurvey, proof: Proof, share: number): Generator<Pause, TreeCount, void> {
    const { atMost, because } = proof;
    const packing = yield* construct([survey], atMost, share);
    const { size } = packing;
    // A complete search that finds no candidate proves that none fits.
    const isFull = size === 0 && packing.complete;
    return { survey, count: { atLeast: size, atMost: isFull ? 0 : atMost }, limits: isFull ? [] : because };
  }

  function* countTogether(components: readonly (readonly TreeCount[])[]): Generator<Pause, Together[], void> {
    const counted: Together[] = [];
    const share = Math.ceil(left / Math.max(components.filter(({ length }) => length > 1).length, 1));
    for (const trees of components) {
      const [only] = trees;
      if (trees.length === 1 && only !== undefined) {
        const full = only.survey.sharers.length === 0 ? [] : (yield* proveTogether(trees)).full;
        counted.push({ trees, count: only.count, full, packed: null });
      } else {
        counted.push(yield* countPools(trees, share));
      }
    }
    return counted;
  }

  function* countPools(trees: readonly TreeCount[], share: number): Generator<Pause, Together, void> {
    const { atMost, full, exact } = yield* proveTogether(trees);
    if (exact) return { trees, count: { atLeast: atMost, atMost }, full, packed: null };
    const surveys = trees.map(({ survey }) => survey);
    const { claims, size } = yield* construct(surveys, atMost, share);
    sure += size;
    const packed = new Map<number, number>();
    for (const { rootId, times } of claims) packed.set(rootId, (packed.get(rootId) ?? 0) + times);
    return { trees, count: { atLeast: Math.max(size, mostOf(trees)), atMost }, full, packed };
  }

  /** The least of all proofs for trees together. */
  function* proveTogether(
    trees: readonly TreeCount[],
  ): Generator<Pause, { atMost: number; full: FullProvider[]; exact: boolean }, void> {
    const surveys = trees.map(({ survey }) => survey);
    const bounds = new Map(trees.map(({ survey, count }) => [survey, count.atMost]));
    const pooled = pooledSlots(plan.slots, surveys, sharing);
    let atMost = prover.prove(optionsTogether(surveys)).atMost;
    atMost = Math.min(
      atMost,
      trees.reduce((sum, { count }) => sum + count.atMost, 0),
    );
    const isExact = (plan.slots.length === 1 || prover.independent) && pooled.length <= 2;
    let full: FullProvider[] = [];
    for (const [first, second] of pairsOf(pooled)) {
      // For the two slots themselves the flow is a closer bound than the bound of the tree.
      const inTree = isExact
        ? boundOfOthers(prover, plan.slots, first, second)
        : (one: TreeSurvey) => bounds.get(one) ?? 0;
      const { flow, full: cut } = yield* poolFlow(surveys, first, second, inTree, pace);
      if (flow > atMost) continue;
      atMost = flow;
      full = cut
        .filter(({ provider }) => sharing.providers.has(provider.id))
        .flatMap(({ provider, slot }) =>
          scarcest(conditionsOfSlot(prover.conditions, slot), [provider]).map((condition) => ({ provider, condition })),
        );
    }
    return { atMost, full, exact: isExact };
  }

  function* countSome(together: Together, trees: readonly TreeCount[]): Generator<Pause, Count, void> {
    const [only] = trees;
    if (only !== undefined && trees.length === 1) return only.count;
    const { atMost, exact } = yield* proveTogether(trees);
    if (exact) return { atLeast: atMost, atMost };
    const packed = trees.reduce((sum, { survey }) => sum + (together.packed?.get(survey.root.id) ?? 0), 0);
    return { atLeast: Math.max(packed, mostOf(trees)), atMost };
  }

  return {
    conditions: prover.conditions,
    countTrees,
    countTogether,
    countSome,
    isComplete: () => complete,
  };
}

/** Each packing gets at least so many steps. When the steps are used up, the remaining trees get only a proof. */
const LEAST_SHARE = 1000;

function mostOf(trees: readonly TreeCount[]): number {
  return trees.reduce((most, { count }) => Math.max(most, count.atLeast), 0);
}

/** The slots that a sharing provider can serve at one of these trees. */
function pooledSlots(slots: readonly Slot[], surveys: readonly TreeSurvey[], { providers }: Sharing): Slot[] {
  return slots.filter(({ index, resources }) => {
    if (resources.length === 0) return false;
    const lists = new Set(surveys.map(({ options }) => options[index] ?? []));
    return [...lists].some((options) => options.some(({ id }) => providers.has(id)));
  });
}

/** Returns pairs of slots: all pairs when there are few slots, else the first {@link MOST_PAIRS}. */
function pairsOf(pooled: readonly Slot[]): [Slot, Slot | null][] {
  const [only, ...others] = pooled;
  if (only === undefined) return [];
  if (others.length === 0) return [[only, null]];
  const pairs = pooled.flatMap((first, i) => pooled.slice(i + 1).map((second): [Slot, Slot] => [first, second]));
  return pairs.slice(0, MOST_PAIRS);
}

/** The number of pairs is limited, because each needs the computation of a maximum flow. */
const MOST_PAIRS = 10;

/** Returns the most requests that a tree can take because of its slots other than these two. */
function boundOfOthers(
  prover: Prover,
  slots: readonly Slot[],
  first: Slot,
  second: Slot | null,
): (survey: TreeSurvey) => number {
  const others = slots.filter((slot) => slot !== first && slot !== second);
  if (others.length === 0) return () => Infinity;
  return ({ options }) =>
    others.reduce((least, slot) => Math.min(least, prover.sumOf(slot, options[slot.index] ?? [])), Infinity);
}
