import type { PinnedTrees, Provider, Tree, View } from '../topology/model.js';
import { anchorTrees } from './anchors.js';
import { searchAtAnchor } from './tree-search.js';
import { candidateMaker, summarised, type Candidate, type Combination, type Summarised } from './candidate.js';
import { bytesKept, collect } from './collect.js';
import type { Search } from './backtracking.js';
import type { BoundName, Bounds, Pace, Tuning } from './effort.js';
import { planOf, type Plan } from './plan.js';
import type { CandidatesRequest } from './request.js';
import { sharingIn } from './sharing.js';
import { breadthFirst, depthFirst } from './strategy.js';
import { startTrace, type Trace } from './trace.js';
import type { Trees } from './walk.js';

export interface CandidatesResult {
  readonly combinations: readonly Combination[];
  /** Makes the candidate of a combination, for the client. */
  readonly toCandidate: (combination: Combination) => Candidate;
  /** The providers of provider_summaries, each once. */
  readonly summarised: readonly Summarised[];
  /** The approximate bytes that the result keeps in memory. */
  readonly held: number;
  /** The bound that ended the search, so that it may not have found all candidates. Null when no bound ended it. */
  readonly endedBy: BoundName | null;
  readonly trace: Trace;
}

/** The default bounds are far higher than the needs of real requests. docs/adr/0012-long-searches.md has the measurements. */
export const DEFAULT_BOUNDS: Bounds = {
  maxSteps: 1_000_000,
  maxSeconds: 5,
  maxKept: 200_000,
  maxPlaces: 2_000_000,
};

/**
 * The share is large enough to find a combination of the largest request without dead ends, and small enough to reach the next anchor soon.
 * When there are few dead ends, recognising one takes more work than searching it.
 */
const DEFAULT_TUNING: Tuning = { firstShare: 1000, triesBeforeCare: 64 };

/**
 * GET /allocation_candidates without HTTP: finds the combinations of providers that could satisfy the request now. README.md in this folder
 * explains the method. A name that does not exist, or a request that does not fit, gives an empty result and not an error.
 *
 * It yields when `pace` is due, and yields the number of bytes that it keeps. It reads the view only before the first yield, so the result
 * is about the state at the start.
 */
export function* searchCandidates(
  view: View,
  request: CandidatesRequest,
  bounds: Bounds,
  pace: Pace,
  tuning: Tuning = DEFAULT_TUNING,
): Generator<number, CandidatesResult, void> {
  const trace = startTrace(request);
  const plan = planOf(view, request, trace);
  if (plan === null) {
    trace.complete = true;
    const toCandidate = (): Candidate => ({ allocations: [], mappings: [] });
    return { combinations: [], toCandidate, summarised: [], held: 0, endedBy: null, trace };
  }
  return yield* searchPlan(view, plan, trace, bounds, pace, tuning);
}

function* searchPlan(
  view: View,
  plan: Plan,
  trace: Trace,
  bounds: Bounds,
  pace: Pace,
  { firstShare, triesBeforeCare }: Tuning,
): Generator<number, CandidatesResult, void> {
  const { request } = plan;
  const sharing = sharingIn(view, plan.slots);
  let pinned: PinnedTrees | null = null;
  const trees: Trees = { get: (rootId) => (pinned ?? view.trees).get(rootId) };
  const isOver = (): boolean => trace.combinations.tried >= bounds.maxSteps;
  const anchors = anchorTrees(view, trees, plan, sharing, trace.anchors, pace, isOver);
  let endedBy: BoundName | null = null;

  let frozen = 0;

  const unpin = (): void => {
    pinned?.release();
  };

  function treeOf({ rootId, uuid }: Provider): Tree {
    const tree = trees.get(rootId);
    if (tree === undefined) throw new Error(`provider ${uuid} is in no tree`);
    return tree;
  }

  function* pause(kept: number): Generator<number, BoundName | null, void> {
    if (pinned === null) {
      pinned = view.pinTrees();
      frozen = anchors.freeze();
    }
    yield kept + 8 * frozen;
    if (pace.seconds() > bounds.maxSeconds) endedBy = 'seconds';
    return endedBy;
  }

  const share = { steps: firstShare };
  const common: Search = { counts: trace.combinations, bounds, pace, share, triesBeforeCare };
  const searchAt = searchAtAnchor(plan, treeOf, sharing, trace, common);
  const inOrder = request.strategy === 'breadth-first' ? breadthFirst : depthFirst;
  const all = inOrder({ anchors: anchors.trees, searchAt, share });
  try {
    const { found, complete, overflowed } = yield* collect(all, request, bounds, pause);
    if (overflowed) endedBy = 'size';
    if (isOver()) endedBy = 'steps';
    trace.complete = complete && endedBy === null;
    const held = bytesKept(found.length, found.length * plan.slots.length);
    const summaries = summarised(found, plan, treeOf, pace);
    let next = summaries.next();
    while (next.done !== true) {
      pinned ??= view.pinTrees();
      yield held;
      next = summaries.next();
    }
    return { combinations: found, toCandidate: candidateMaker(plan), summarised: next.value, held, endedBy, trace };
  } finally {
    unpin();
  }
}
