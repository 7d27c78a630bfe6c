import type { Pace, Pause } from '../candidates/effort.js';
import { planOf } from '../candidates/plan.js';
import type { CandidatesRequest } from '../candidates/request.js';
import { sharingIn } from '../candidates/sharing.js';
import { startTrace } from '../candidates/trace.js';
import type { Provider, Tree, View } from '../topology/model.js';
import { countAggregates, type AggregateCount } from './aggregates.js';
import { componentsOf } from './components.js';
import { counterOf, type TreeCount } from './count.js';
import { pooledRoom } from './pooled.js';
import type { AmountCondition, CapacityBounds, Count, FullProvider } from './model.js';
import { countRelevant } from './relevant-trees.js';
import { surveyTrees } from './tree-survey.js';

export interface Capacity {
  readonly count: Count;
  readonly trees: { readonly all: number; readonly relevant: number; readonly fitting: number };
  /** The number of fitting trees that each condition limits, in the order of the query. Conditions that limit no tree are left out. */
  readonly limits: readonly { readonly condition: AmountCondition; readonly trees: number }[];
  /** The number of requests that would fit if the free room of all options in fitting trees were on one provider. */
  readonly ifPooled: number;
  /** Every aggregate with a fitting tree, in no order. */
  readonly byAggregate: readonly AggregateCount[];
  /** Every tree in which a request fits, or may fit, in no order. */
  readonly byTree: readonly TreeCount[];
  /** The providers in a minimum cut. Null when no sharing provider can serve a tree that is not its own. */
  readonly shared: readonly FullProvider[] | null;
  /** False when a bound ended the work. The counts are correct then, but their two bounds might be closer. */
  readonly complete: boolean;
}

/**
 * Counts how many more requests of this shape fit (docs/contract/explain-and-capacity.md). It uses only the view and the request. README.md
 * in this folder explains the method. A name that does not exist, or a request that does not fit, gives 0 and not an error.
 *
 * It yields when `pace` is due. It reads the view only before it yields for the first time, so the view may change in the pauses.
 */
export function* measureCapacity(
  view: View,
  request: CandidatesRequest,
  bounds: CapacityBounds,
  pace: Pace,
): Generator<Pause, Capacity, void> {
  const trees = [...view.trees.values()];
  const plan = planOf(view, request, startTrace(request));
  const sharing = sharingIn(view, plan?.slots ?? []);
  const pinned = view.pinTrees();
  try {
    const treeOf = ({ rootId, uuid }: Provider): Tree => {
      const tree = pinned.get(rootId);
      if (tree === undefined) throw new Error(`provider ${uuid} is in no tree`);
      return tree;
    };
    if (plan === null) return yield* nothing(trees, request, pace);
    const surveys = yield* surveyTrees(view, trees, plan, sharing, pace);
    const relevant = yield* countRelevant(trees, request.groups, sharing, pace);
    const counter = counterOf(plan, sharing, treeOf, bounds, pace);
    const byTree = yield* counter.countTrees(surveys);
    const pooled = byTree.filter(({ survey }) => survey.pooled);
    const together = yield* counter.countTogether(yield* componentsOf(pooled, sharing.providers, pace));
    const lone = byTree.filter(({ survey }) => !survey.pooled);
    const fitting = byTree.filter(({ count }) => count.atLeast > 0);
    const byAggregate = yield* countAggregates(lone, together, counter, pace);
    const isShared = surveys.some(({ sharers }) => sharers.length > 0);
    return {
      count: sumOf([...lone, ...together]),
      trees: { all: trees.length, relevant, fitting: fitting.length },
      limits: yield* limitsOf(counter.conditions, fitting, pace),
      ifPooled: yield* pooledRoom(plan, counter.conditions, fitting, pace),
      byAggregate,
      byTree: byTree.filter(({ count }) => count.atMost > 0),
      shared: isShared ? together.flatMap(({ full }) => full) : null,
      complete: counter.isComplete(),
    };
  } finally {
    pinned.release();
  }
}

function sumOf(parts: readonly { readonly count: Count }[]): Count {
  let [atLeast, atMost] = [0, 0];
  for (const { count } of parts) [atLeast, atMost] = [atLeast + count.atLeast, atMost + count.atMost];
  return { atLeast, atMost };
}

/** The result for a request that cannot fit on any provider. */
function* nothing(trees: readonly Tree[], request: CandidatesRequest, pace: Pace): Generator<Pause, Capacity, void> {
  const none = { providers: new Map<number, Provider>(), reaching: () => [], reach: () => 1 };
  const relevant = yield* countRelevant(trees, request.groups, none, pace);
  return {
    count: { atLeast: 0, atMost: 0 },
    trees: { all: trees.length, relevant, fitting: 0 },
    limits: [],
    ifPooled: 0,
    byAggregate: [],
    byTree: [],
    shared: null,
    complete: true,
  };
}

function* limitsOf(
  conditions: readonly AmountCondition[],
  fitting: readonly TreeCount[],
  pace: Pace,
): Generator<Pause, Capacity['limits'], void> {
  const trees = new Map<AmountCondition, number>(conditions.map((condition) => [condition, 0]));
  for (const { limits } of fitting) {
    if (pace.isDue(4 * limits.length)) yield 'pause';
    for (const condition of limits) trees.set(condition, (trees.get(condition) ?? 0) + 1);
  }
  return [...trees].flatMap(([condition, count]) => (count === 0 ? [] : [{ condition, trees: count }]));
}
