import { treeSearch } from '../candidates/tree-search.js';
import type { Combination } from '../candidates/candidate.js';
import type { Search } from '../candidates/backtracking.js';
import type { Pace, Pause, Stuck } from '../candidates/effort.js';
import type { Anchor } from '../candidates/levels.js';
import type { Plan, Slot } from '../candidates/plan.js';
import type { ResourceAmount } from '../candidates/request.js';
import { startTrace, type ConstraintName } from '../candidates/trace.js';
import type { Provider, Tree } from '../topology/model.js';
import type { Variant } from './variant.js';
import type { Budget } from './budget.js';
import { bit, NONE, type Evaluator, type EvaluatedSlot } from './evaluate.js';
import { mayFit, passes, type EvaluatedTree } from './tree.js';

/** Asks the search for one candidate at the root of a tree. */
export interface AnchorSearch {
  /** Returns whether a candidate exists at the root of the tree; null when the budget is used up. */
  fits(tree: EvaluatedTree, variant: Variant, only?: Only): Generator<Pause, boolean | null, void>;
  /** Returns the constraints that ended combinations at a tree that does not fit. */
  endedBy(tree: EvaluatedTree, variant: Variant): Generator<Pause, ReadonlySet<ConstraintName>, void>;
}

/** Fixes the provider of one slot. */
export interface Only {
  readonly slot: EvaluatedSlot;
  readonly provider: Provider;
}

/** A tree may use an eighth of the remaining budget, and at least SMALLEST_SHARE, so that steps are left for the other trees. */
const LARGEST_SHARE = 8;
const SMALLEST_SHARE = 20_000;

type SearchAt = (anchor: Anchor) => Generator<Combination | Pause | Stuck, void, void>;

/** A candidate of sharing providers alone may occur at many roots and counts at each of them, so the search must not skip repetitions. */
const NO_REPETITIONS = { providers: new Map<number, Provider>(), reaching: () => [], reach: () => 1 };

const TRIES_BEFORE_CARE = 64;

export function createAnchorSearch(
  evaluator: Evaluator,
  treeOf: (provider: Provider) => Tree,
  budget: Budget,
  pace: Pace,
): AnchorSearch {
  const trace = startTrace(evaluator.request);
  const bounds = { maxSteps: 0, maxSeconds: Infinity, maxKept: Infinity, maxPlaces: Infinity };
  const search: Search = {
    counts: trace.combinations,
    bounds,
    pace,
    share: { steps: Infinity },
    triesBeforeCare: TRIES_BEFORE_CARE,
  };
  const searches = new Map<string, SearchAt>();

  function searchFor(variant: Variant, only: Only | null): SearchAt {
    const make = (): SearchAt => treeSearch(planOf(evaluator, variant, only), NO_REPETITIONS, trace, search);
    if (only !== null) return make();
    const key = `${variant.active}/${variant.override?.condition ?? ''}:${variant.override?.amount ?? ''}/${variant.withoutSum ?? ''}/${variant.withoutClasses}`;
    let known = searches.get(key);
    if (known === undefined) searches.set(key, (known = make()));
    return known;
  }

  function anchorOf({ tree, root, sharers }: EvaluatedTree): Anchor {
    return {
      tree,
      root,
      sharers: sharers.map((provider) => ({ provider, serves: (slot) => slot.servesAtHome(provider, root) })),
      treeOf,
    };
  }

  function* fits(
    tree: EvaluatedTree,
    variant: Variant,
    only: Only | null = null,
  ): Generator<Pause, boolean | null, void> {
    if (budget.isSpent()) return null;
    const options = tree.tree.members.length + tree.sharers.length;
    if (pace.isDue(20 * options * evaluator.slots.length)) yield 'pause';
    budget.spend(options * evaluator.slots.length);
    if (!mayFit(evaluator, tree, variant)) return false;
    const { combinations: counts } = trace;
    const before = counts.tried;
    bounds.maxSteps = before + Math.max(SMALLEST_SHARE, Math.floor(budget.left() / LARGEST_SHARE));
    try {
      for (const found of searchFor(variant, only)(anchorOf(tree))) {
        if (found === 'pause') yield found;
        else if (found !== 'stuck') return true;
      }
      if (counts.tried < bounds.maxSteps) return false;
      budget.giveUp();
      return null;
    } finally {
      budget.spend(counts.tried - before);
    }
  }

  function* endedBy(tree: EvaluatedTree, variant: Variant): Generator<Pause, ReadonlySet<ConstraintName>, void> {
    const { dropped } = trace.combinations;
    const before = { ...dropped };
    const anchors = trace.anchors.everyGroup;
    yield* fits(tree, variant);
    const names = (Object.keys(dropped) as ConstraintName[]).filter((name) => dropped[name] > before[name]);
    // Before it tries combinations, the search drops options that no same_subtree can use, and does not count them.
    return new Set(trace.anchors.everyGroup === anchors ? [...names, 'same_subtree'] : names);
  }

  return { fits, endedBy };
}

/** Returns the plan of a variant for the search. Its slots use the verdicts of the evaluator. */
function planOf(evaluator: Evaluator, variant: Variant, only: Only | null): Plan {
  const { request, conditions } = evaluator;
  const counts = (position: number): boolean => (variant.active & bit(position)) !== NONE;
  const isActive = (kind: string): boolean => conditions.some((one, i) => one.kind === kind && counts(i));
  const slots: Slot[] = [];
  const kinds = new Map<string, number>();
  for (const evaluated of evaluator.slots) {
    const asked = evaluated.resources.filter(counts);
    if (variant.withoutClasses && !evaluated.suffixed && asked.length === 0) continue;
    const meaning = only?.slot === evaluated ? `only ${evaluated.index}` : meaningOf(evaluator, evaluated, variant);
    const kind = kinds.get(meaning) ?? slots.length;
    kinds.set(meaning, kind);
    const serves = (provider: Provider, root: Provider): boolean => {
      if (only?.slot === evaluated && only.provider.id !== provider.id) return false;
      return passes(evaluator, evaluated, { provider, verdict: evaluator.verdict(evaluated, provider, root) }, variant);
    };
    slots.push({
      index: slots.length,
      group: evaluated.group,
      suffixed: evaluated.suffixed,
      kind,
      resources: asked.flatMap((position) => amountsOf(evaluator, position, variant)),
      servesAtHome: serves,
      servesAbroad: () => false,
    });
  }
  const position = request.groups.findIndex(({ suffix }) => suffix === '');
  const unsuffixed = request.groups[position];
  const left = slots.filter(({ group }) => group === position).length;
  return {
    request: {
      ...request,
      groupPolicy: isActive('group_policy') ? 'isolate' : 'none',
      sameSubtrees: conditions.flatMap((one, i) => (one.kind === 'same_subtree' && counts(i) ? [one.suffixes] : [])),
      nested: !isActive('version'),
    },
    slots,
    unsuffixed:
      unsuffixed === undefined
        ? null
        : {
            ...unsuffixed,
            resources: unsuffixed.resources.slice(0, left),
            requiredTraits: conditions.flatMap((one, i) =>
              one.kind === 'required' && one.group === position && counts(i) ? [one.anyOf] : [],
            ),
          },
    // Only the fast path for flat hosts reads `conditions`.
    conditions: [],
  };
}

function amountsOf({ conditions }: Evaluator, position: number, variant: Variant): ResourceAmount[] {
  const condition = conditions[position];
  if (condition?.kind !== 'resources' || condition.resourceClass.id === variant.withoutSum) return [];
  const amount = variant.override?.condition === position ? variant.override.amount : condition.amount;
  return [{ resourceClass: condition.resourceClass, amount }];
}

/** Returns a text that is equal for slots that differ only in the suffix of their group. */
function meaningOf({ conditions }: Evaluator, slot: EvaluatedSlot, variant: Variant): string {
  if (!slot.suffixed) return `unsuffixed ${slot.index}`;
  const own = conditions.flatMap((one, position) => {
    if (one.group !== slot.group) return [];
    const isActive = (variant.active & bit(position)) !== NONE;
    if (one.kind !== 'resources') return isActive ? [[one.kind, one.item]] : [];
    const amount = variant.override?.condition === position ? variant.override.amount : one.amount;
    return [[one.item, isActive ? amount : null]];
  });
  return JSON.stringify(own);
}
