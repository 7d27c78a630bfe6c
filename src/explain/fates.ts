import type { Pause } from '../candidates/effort.js';
import type { Inventory, Provider } from '../topology/model.js';
import type { AnchorSearch } from './anchor.js';
import { asking } from './ask.js';
import type { Judge } from './judge.js';
import { isRelevantTree, NOT_FOUND, reasonsOfSlots, type Reason } from './reasons.js';
import { ruleReasons } from './rules.js';
import { judgeTree, mayFit, type JudgedTree } from './tree.js';

/** What came out of a tree that is not a lone host. */
export interface Fate {
  readonly tree: JudgedTree;
  /** Null when the search ended at its bound. */
  readonly fits: boolean | null;
  readonly fitsWhenEmpty: boolean;
  /** Whether it has an option for every slot. */
  readonly relevant: boolean;
  /** Empty when it fits. */
  readonly reasons: readonly Reason[];
}

export function* fatesOf(
  judge: Judge,
  search: AnchorSearch,
  trees: readonly JudgedTree[],
): Generator<Pause, Fate[], void> {
  const emptied = emptier();
  const everything = asking(judge.all);
  const fates: Fate[] = [];
  for (const tree of trees) {
    const fits = yield* search.fits(tree, everything);
    const relevant = isRelevantTree(judge, tree);
    if (fits === true) {
      fates.push({ tree, fits, fitsWhenEmpty: true, relevant, reasons: [] });
      continue;
    }
    const reasons = yield* reasonsOf(judge, search, tree, fits);
    if (!relevant || !mayFit(judge, tree, asking(judge.all), true)) {
      fates.push({ tree, fits, fitsWhenEmpty: false, relevant, reasons });
      continue;
    }
    const { root, sharers } = tree;
    const members = tree.tree.members.map(emptied);
    const empty = judgeTree(judge, { ...tree.tree, members }, emptied(root), sharers.map(emptied));
    const fitsWhenEmpty = (yield* search.fits(empty, everything)) === true;
    fates.push({ tree, fits, fitsWhenEmpty, relevant, reasons });
  }
  return fates;
}

function* reasonsOf(
  judge: Judge,
  search: AnchorSearch,
  tree: JudgedTree,
  fits: false | null,
): Generator<Pause, readonly Reason[], void> {
  const ofSlots = reasonsOfSlots(judge, tree);
  if (ofSlots.length > 0) return ofSlots;
  return fits === null ? [NOT_FOUND] : yield* ruleReasons(judge, search, tree);
}

/** Makes providers of which nothing is used, each once. */
function emptier(): (provider: Provider) => Provider {
  const made = new Map<Provider, Provider>();
  return (provider) => {
    let empty = made.get(provider);
    if (empty === undefined) {
      const inventories = provider.inventories.map((one): Inventory => ({ ...one, used: 0 }));
      empty = { ...provider, inventories };
      made.set(provider, empty);
    }
    return empty;
  };
}
