import type { Pace, Pause } from '../candidates/effort.js';
import { loneFits, type Cloud } from './cloud.js';
import type { AnchorSearch } from './anchor.js';
import { asking, type Ask } from './ask.js';
import { fatesOf, type Fate } from './fates.js';
import { bit, NONE, type Judge } from './judge.js';
import type { LoneKind } from './lone.js';
import { inventoryOf } from '../topology/model.js';
import { ROOM } from './room.js';
import { mayFit } from './tree.js';

/** All trees with what came out of each: what every part of an explanation is made of. */
export interface Survey {
  readonly judge: Judge;
  readonly cloud: Cloud;
  readonly search: AnchorSearch;
  readonly pace: Pace;
  readonly fates: readonly Fate[];
  /** The lone hosts and the other trees that reasons are counted over. */
  readonly relevantKinds: readonly LoneKind[];
  readonly relevantFates: readonly Fate[];
  /** False: no tree has an option for every slot, so those count that have an inventory of some class. */
  readonly anyRelevant: boolean;
  readonly fitting: number;
  readonly fittingWhenEmpty: number;
}

export function* survey(judge: Judge, cloud: Cloud, search: AnchorSearch, pace: Pace): Generator<Pause, Survey, void> {
  const fates = yield* fatesOf(judge, search, cloud.trees);
  const { lone } = cloud;
  const isImpossible = judge.request.groups.some((_, position) => judge.impossible(position));
  let relevantKinds = lone.filter(({ lacks }) => !lacks && !isImpossible);
  let relevantFates = fates.filter(({ relevant }) => relevant);
  const anyRelevant = relevantKinds.length + relevantFates.length > 0;
  if (!anyRelevant) {
    relevantKinds = lone.filter(({ codes }) => codes.some((code) => (code & ROOM.lacking) === 0));
    relevantFates = fates.filter((fate) => hasSomeClass(judge, fate));
  }
  const everything = asking(judge.all);
  const fittingHosts = hostsOf(lone.filter((kind) => loneFits(kind, everything)));
  const emptyHosts = hostsOf(lone.filter(fitsWhenEmpty(judge)));
  return {
    judge,
    cloud,
    search,
    pace,
    fates,
    relevantKinds,
    relevantFates,
    anyRelevant,
    fitting: fittingHosts + fates.filter(({ fits }) => fits === true).length,
    fittingWhenEmpty: emptyHosts + fates.filter((fate) => fate.fitsWhenEmpty).length,
  };
}

function hostsOf(kinds: readonly LoneKind[]): number {
  return kinds.reduce((sum, { hosts }) => sum + hosts.length, 0);
}

function hasSomeClass({ conditions }: Judge, { tree }: Fate): boolean {
  return conditions.some(
    (one) =>
      one.kind === 'resources' &&
      tree.tree.members.some((provider) => inventoryOf(provider, one.resourceClass.id) !== undefined),
  );
}

/** Fails nothing but capacity, which would be there if nothing were used. */
function fitsWhenEmpty({ conditions }: Judge): (kind: LoneKind) => boolean {
  const positions = conditions.flatMap((one, position) => (one.kind === 'resources' ? [position] : []));
  return ({ fails, rules, codes }) => {
    let others = fails | rules;
    for (const [i, position] of positions.entries()) if (codes[i] === ROOM.capacity) others &= ~bit(position);
    return others === NONE;
  };
}

/** To ask whether each slot has an option, in the units of candidates/effort.ts. */
export const WORK_FOR_A_TREE = 100;

/** How many trees fit the request when something is changed, an amount excepted. */
export function* countFitting({ judge, cloud, search, fates, pace }: Survey, ask: Ask): Generator<Pause, number, void> {
  let count = hostsOf(cloud.lone.filter((kind) => loneFits(kind, ask)));
  for (const { tree, fits } of fates) {
    if (pace.isDue(WORK_FOR_A_TREE)) yield 'pause';
    // Less is asked, so what fits still does.
    if (fits === true) count++;
    else if (mayFit(judge, tree, ask) && (yield* search.fits(tree, ask)) === true) count++;
  }
  return count;
}

/** Whether any tree fits the request when less is asked. */
export function* anyFits({ judge, cloud, search, fates, pace }: Survey, ask: Ask): Generator<Pause, boolean, void> {
  if (cloud.lone.some((kind) => loneFits(kind, ask))) return true;
  for (const { tree, fits } of fates) {
    if (pace.isDue(WORK_FOR_A_TREE)) yield 'pause';
    if (fits === true) return true;
    if (mayFit(judge, tree, ask) && (yield* search.fits(tree, ask)) === true) return true;
  }
  return false;
}
