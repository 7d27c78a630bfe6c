import type { Provider, Tree, View } from '../topology/model.js';
import { anchorTrees } from './anchors.js';
import { searchAtAnchor } from './at-anchor.js';
import { summarised, type Candidate } from './candidate.js';
import { collect } from './collect.js';
import type { Bounds } from './combine.js';
import { planOf, type Plan } from './match.js';
import type { CandidatesRequest } from './request.js';
import { sharingIn } from './sharing.js';
import { breadthFirst, depthFirst } from './strategy.js';
import { startTrace, type Trace } from './trace.js';

export interface CandidatesResult {
  readonly candidates: readonly Candidate[];
  /** The providers to tell about in provider_summaries, each once. */
  readonly summarised: readonly Provider[];
  /** True when a bound ended the search: there may be candidates that were not found. */
  readonly truncated: boolean;
  readonly trace: Trace;
}

/** A second or two of work and a hundred megabytes: far above real answers, and a request that goes wild ends there. */
const DEFAULT_BOUNDS: Bounds = { maxSteps: 1_000_000, maxKept: 200_000 };

/**
 * GET /allocation_candidates without HTTP: which combinations of providers could satisfy the request now. README.md beside
 * this file explains how they are found. What does not exist or does not fit gives an empty answer, never an error.
 */
export function findCandidates(
  view: View,
  request: CandidatesRequest,
  givenBounds: Partial<Bounds> = {},
): CandidatesResult {
  const bounds = { ...DEFAULT_BOUNDS, ...givenBounds };
  const trace = startTrace(request);
  const plan = planOf(view, request, trace);
  const found = plan === null ? [] : candidatesOf(view, plan, trace, bounds);
  const { candidates, complete, overflowed } = collect(found, request, bounds);
  const outOfSteps = trace.combinations.tried >= bounds.maxSteps;
  trace.complete = complete && !outOfSteps;
  return {
    candidates,
    summarised: summarised(view, candidates, request.nested),
    truncated: outOfSteps || overflowed,
    trace,
  };
}

function candidatesOf(view: View, plan: Plan, trace: Trace, bounds: Bounds): Iterable<Candidate> {
  const sharing = sharingIn(view, plan.slots);
  const anchors = whileStepsLast(anchorTrees(view, plan, sharing, trace.anchors), trace, bounds);
  const searchAt = searchAtAnchor(view, plan, sharing, trace, bounds);
  return plan.request.strategy === 'breadth-first' ? breadthFirst(anchors, searchAt) : depthFirst(anchors, searchAt);
}

function* whileStepsLast(trees: Iterable<Tree>, { combinations }: Trace, { maxSteps }: Bounds): Generator<Tree> {
  for (const tree of trees) {
    if (combinations.tried >= maxSteps) return;
    yield tree;
  }
}
