import type { Pace, Pause } from '../candidates/effort.js';
import type { CandidatesRequest } from '../candidates/request.js';
import type { Provider, View } from '../topology/model.js';
import { createAnchorSearch } from './anchor-search.js';
import { createBudget } from './budget.js';
import { changesOf, type RequestChange } from './request-changes.js';
import { evaluateCloud } from './cloud.js';
import type { Condition } from './conditions.js';
import { conflictOf, type ConflictingCondition } from './conflict.js';
import { funnelOf, type FunnelStage } from './funnel.js';
import { createEvaluator, type Evaluator } from './evaluate.js';
import { nearestTrees, type ListedTree } from './nearest.js';
import { countConditions, suppliesOf, type ConditionCount, type Supply } from './statistics.js';
import { summaryOf } from './summary.js';
import { survey, type CloudSurvey } from './survey.js';

/** The explanation of a request: why it has no candidate, or only some. */
export interface Explanation {
  readonly evaluator: Evaluator;
  /** False when the bound was reached, so that some trees or changes are undecided. */
  readonly complete: boolean;
  readonly trees: {
    readonly all: number;
    readonly relevant: number;
    readonly fitting: number;
    readonly fittingWhenEmpty: number;
  };
  readonly summary: string;
  readonly funnel: readonly FunnelStage[];
  readonly counts: readonly ConditionCount[];
  readonly supplies: ReadonlyMap<number, Supply>;
  /** Null when something fits. */
  readonly conflict: readonly ConflictingCondition[] | null;
  readonly changes: readonly RequestChange[];
  readonly nearest: readonly ListedTree[];
}

export interface ExplainOptions {
  /** The most trees that the explanation lists in addition to those of `providers`. */
  readonly show: number;
  /** The explanation lists the trees of these providers in any case. */
  readonly providers: readonly Provider[];
  /** The bound of the work for trees that are not lone hosts. */
  readonly maxSteps: number;
  /** The microversion of the request, if it is below 1.29. */
  readonly version?: string;
}

/**
 * GET /stockroom/explain without HTTP: evaluates every condition at every tree. README.md in this folder explains the method. It yields
 * when `pace` is due. It reads the view only before its first yield, so the explanation is about the state at the start.
 */
export function* explain(
  view: View,
  request: CandidatesRequest,
  conditions: readonly Condition[],
  { show, providers, maxSteps, version }: ExplainOptions,
  pace: Pace,
): Generator<Pause, Explanation, void> {
  const evaluator = createEvaluator(view, request, conditions);
  const roots = providers.map(({ rootId }) => rootId);
  const budget = createBudget(maxSteps);
  const cloud = yield* evaluateCloud(view, evaluator, new Set(roots), pace);
  const search = createAnchorSearch(evaluator, cloud.treeOf, budget, pace);
  const surveyed = yield* survey(evaluator, cloud, search, pace);
  const { fitting, fittingWhenEmpty } = surveyed;
  const counts = countConditions(surveyed);
  const supplies = yield* suppliesOf(surveyed);
  const conflict = fitting > 0 ? null : yield* conflictOf(surveyed);
  const changes = yield* changesOf(surveyed, version);
  const nearest = yield* nearestTrees(surveyed, roots, show);
  return {
    evaluator,
    complete: !budget.isIncomplete(),
    trees: { all: cloud.total, relevant: relevantOf(surveyed), fitting, fittingWhenEmpty },
    summary: summaryOf(surveyed, counts, conflict),
    funnel: yield* funnelOf(surveyed),
    counts,
    supplies,
    conflict,
    changes,
    nearest,
  };
}

function relevantOf({ relevantKinds, relevantResults }: CloudSurvey): number {
  return relevantKinds.reduce((sum, { hosts }) => sum + hosts.length, 0) + relevantResults.length;
}
