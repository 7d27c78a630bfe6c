import type { Provider, Tree } from '../topology/model.js';
import { rootOf } from './anchors.js';
import type { Combination } from './candidate.js';
import { combinations, type Checks, type Search } from './backtracking.js';
import { contestedClasses, weightsOf } from './contested-classes.js';
import { createDeadEnds } from './dead-ends.js';
import type { Pause, Stuck } from './effort.js';
import { levelsToBe, type Anchor, type Level, type TreeOf } from './levels.js';
import type { Plan } from './plan.js';
import { constraintsOf, type Constraint } from './constraints.js';
import { matchingChecksAt } from './matching.js';
import type { Sharing } from './sharing.js';
import { subtreesOf } from './subtrees.js';
import { sumCheck } from './sums.js';
import type { Trace } from './trace.js';

const NONE: readonly Combination[] = [];
const NO_RULES: readonly Constraint[] = [];

/** The search at one anchor. It yields the candidates of a tree that no earlier tree has had, one for each call. */
export function searchAtAnchor(
  plan: Plan,
  treeOf: TreeOf,
  sharing: Sharing,
  trace: Trace,
  search: Search,
): (tree: Tree) => Iterable<Combination | Pause | Stuck> {
  const atFlatHost = flatHostSearch(plan, trace);
  // It is created for the first tree that needs it, because for flat hosts this would be most of the work of a small request.
  let inTree: ReturnType<typeof treeSearch> | null = null;
  return (tree) => {
    const root = rootOf(tree);
    const sharers = sharing.reaching(tree);
    if (atFlatHost !== null && tree.members.length === 1 && sharers.length === 0 && !sharing.providers.has(root.id)) {
      return atFlatHost(tree, root);
    }
    inTree ??= treeSearch(plan, sharing, trace, search);
    return inTree({ tree, root, sharers, treeOf });
  };
}

/** Combines the providers of a tree, and the providers that share with it. */
export function treeSearch(
  plan: Plan,
  sharing: Sharing,
  trace: Trace,
  search: Search,
): (anchor: Anchor) => Generator<Combination | Pause | Stuck, void, void> {
  const { pace } = search;
  const subtrees = subtreesOf(plan);
  const weights = weightsOf(plan);
  const contested = [...contestedClasses(plan)];
  const constraintsAt = constraintsOf(plan, subtrees);
  const deadEnds = createDeadEnds(plan, subtrees);
  const isRepeated = repetitionCheck(sharing);

  return function* (anchor) {
    const members = anchor.tree.members.length + anchor.sharers.length;
    const draft = levelsToBe(anchor);
    for (const slot of plan.slots) {
      if (!draft.add(slot)) return;
      if (pace.isDue(2 * members)) yield 'pause';
    }
    for (const subtree of subtrees) {
      if (!draft.restrict(subtree)) return;
      if (pace.isDue(4 * subtree.size * members)) yield 'pause';
    }
    const levels = draft.inOrder(weights, subtrees);
    trace.anchors.everyGroup++;
    const checks: Checks = {
      constraints: constraintsAt(levels, anchor),
      matchings: matchingChecksAt(plan, contested, levels),
      sums: contested.length === 0 ? NO_RULES : sumsAt(contested, levels),
      deadEnds,
    };
    if (pace.isDue(10 * levels.length * members)) yield 'pause';
    for (const decided of combinations(levels, anchor, checks, search)) {
      if (typeof decided === 'string') {
        yield decided;
        continue;
      }
      const chosen = inSlotOrder(decided);
      if (isRepeated(chosen)) {
        trace.combinations.duplicates++;
        continue;
      }
      trace.combinations.found++;
      yield { tree: anchor.tree, chosen };
    }
  };
}

/**
 * The fast path for one group and flat hosts, as in most clouds. A host serves everything or is not a candidate, and there is nothing to
 * combine. Null for other requests.
 */
function flatHostSearch(plan: Plan, trace: Trace): ((tree: Tree, root: Provider) => readonly Combination[]) | null {
  const [group, ...others] = plan.request.groups;
  if (group === undefined || others.length > 0 || group.resources.length === 0) return null;
  const hasTraits = plan.conditions[0]?.requiredTraits ?? null;
  return (tree, root) => {
    for (const slot of plan.slots) if (!slot.servesAtHome(root, root)) return NONE;
    trace.anchors.everyGroup++;
    trace.combinations.tried++;
    if (hasTraits !== null && !hasTraits(root.traits)) {
      trace.combinations.dropped['required traits']++;
      return NONE;
    }
    trace.combinations.found++;
    return [{ tree, chosen: repeated(root, plan.slots.length) }];
  };
}

/** Does the work of `Array.from`, but faster, because it is most of the work at a flat host. */
function repeated(provider: Provider, times: number): Provider[] {
  const all = [provider];
  while (all.length < times) all.push(provider);
  return all;
}

function sumsAt(contested: readonly number[], levels: readonly Level[]): Constraint[] {
  return contested.map((classId) => sumCheck(classId, levels)).filter((check) => check !== null);
}

function inSlotOrder(levels: readonly Level[]): Provider[] {
  const chosen: Provider[] = [];
  for (const { slot, chosen: provider } of levels) if (provider !== null) chosen[slot.index] = provider;
  return chosen;
}

/**
 * Returns a function that tells whether a combination was found at an earlier anchor. The providers of the slots determine a candidate, and
 * only sharing providers have more than one anchor. So it remembers only combinations of sharing providers.
 */
function repetitionCheck({ providers }: Sharing): (chosen: readonly Provider[]) => boolean {
  const seen = new Set<string>();
  return (chosen) => {
    for (const { id } of chosen) if (!providers.has(id)) return false;
    const key = chosen.map(({ id }) => id).join();
    if (seen.has(key)) return true;
    seen.add(key);
    return false;
  };
}
