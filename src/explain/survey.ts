import type { Pace, Pause } from '../candidates/effort.js';
import { loneFits, type Cloud } from './cloud.js';
import type { AnchorSearch } from './anchor-search.js';
import { variantOf, type Variant } from './variant.js';
import { resultsOf, type TreeResult } from './tree-results.js';
import { bit, NONE, type Evaluator } from './evaluate.js';
import type { LoneKind } from './lone-hosts.js';
import { inventoryOf } from '../topology/model.js';
import { MISFIT } from './misfit.js';
import { mayFit } from './tree.js';

/** All trees with their results, from which the parts of an explanation are computed. */
export interface CloudSurvey {
  readonly evaluator: Evaluator;
  readonly cloud: Cloud;
  readonly search: AnchorSearch;
  readonly pace: Pace;
  readonly results: readonly TreeResult[];
  /** The lone hosts whose reasons are counted. `relevantResults` are the other trees whose reasons are counted. */
  readonly relevantKinds: readonly LoneKind[];
  readonly relevantResults: readonly TreeResult[];
  /** False when no tree has an option for every slot. Trees with an inventory of some requested class count as relevant then. */
  readonly anyRelevant: boolean;
  readonly fitting: number;
  readonly fittingWhenEmpty: number;
}

export function* survey(
  evaluator: Evaluator,
  cloud: Cloud,
  search: AnchorSearch,
  pace: Pace,
): Generator<Pause, CloudSurvey, void> {
  const results = yield* resultsOf(evaluator, search, cloud.trees);
  const { lone } = cloud;
  const isImpossible = evaluator.request.groups.some((_, position) => evaluator.impossible(position));
  let relevantKinds = lone.filter(({ lacks }) => !lacks && !isImpossible);
  let relevantResults = results.filter(({ relevant }) => relevant);
  const anyRelevant = relevantKinds.length + relevantResults.length > 0;
  if (!anyRelevant) {
    relevantKinds = lone.filter(({ codes }) => codes.some((code) => (code & MISFIT.lacking) === 0));
    relevantResults = results.filter((result) => hasSomeClass(evaluator, result));
  }
  const everything = variantOf(evaluator.all);
  const fittingHosts = hostsOf(lone.filter((kind) => loneFits(kind, everything)));
  const emptyHosts = hostsOf(lone.filter(fitsWhenEmpty(evaluator)));
  return {
    evaluator,
    cloud,
    search,
    pace,
    results,
    relevantKinds,
    relevantResults,
    anyRelevant,
    fitting: fittingHosts + results.filter(({ fits }) => fits === true).length,
    fittingWhenEmpty: emptyHosts + results.filter((result) => result.fitsWhenEmpty).length,
  };
}

function hostsOf(kinds: readonly LoneKind[]): number {
  return kinds.reduce((sum, { hosts }) => sum + hosts.length, 0);
}

function hasSomeClass({ conditions }: Evaluator, { tree }: TreeResult): boolean {
  return conditions.some(
    (one) =>
      one.kind === 'resources' &&
      tree.tree.members.some((provider) => inventoryOf(provider, one.resourceClass.id) !== undefined),
  );
}

/** Returns whether the hosts of a kind fail only capacity, and would fit if nothing were used. */
function fitsWhenEmpty({ conditions }: Evaluator): (kind: LoneKind) => boolean {
  const positions = conditions.flatMap((one, position) => (one.kind === 'resources' ? [position] : []));
  return ({ fails, constraints, codes }) => {
    let others = fails | constraints;
    for (const [i, position] of positions.entries()) if (codes[i] === MISFIT.capacity) others &= ~bit(position);
    return others === NONE;
  };
}

/** The work of checking whether each slot of a tree has an option, in the units of candidates/effort.ts. */
export const WORK_FOR_A_TREE = 100;

/** Counts the trees that fit a variant. The variant must not have another amount. */
export function* countFitting(
  { evaluator, cloud, search, results, pace }: CloudSurvey,
  variant: Variant,
): Generator<Pause, number, void> {
  let count = hostsOf(cloud.lone.filter((kind) => loneFits(kind, variant)));
  for (const { tree, fits } of results) {
    if (pace.isDue(WORK_FOR_A_TREE)) yield 'pause';
    // The variant has fewer conditions, so every fitting tree still fits.
    if (fits === true) count++;
    else if (mayFit(evaluator, tree, variant) && (yield* search.fits(tree, variant)) === true) count++;
  }
  return count;
}

/** Whether any tree fits a variant with fewer conditions. */
export function* anyFits(
  { evaluator, cloud, search, results, pace }: CloudSurvey,
  variant: Variant,
): Generator<Pause, boolean, void> {
  if (cloud.lone.some((kind) => loneFits(kind, variant))) return true;
  for (const { tree, fits } of results) {
    if (pace.isDue(WORK_FOR_A_TREE)) yield 'pause';
    if (fits === true) return true;
    if (mayFit(evaluator, tree, variant) && (yield* search.fits(tree, variant)) === true) return true;
  }
  return false;
}
