import type { Pause } from '../candidates/effort.js';
import type { Inventory, Provider } from '../topology/model.js';
import type { AnchorSearch } from './anchor-search.js';
import { variantOf } from './variant.js';
import type { Evaluator } from './evaluate.js';
import { isRelevantTree, NOT_FOUND, reasonsOfSlots, type Reason } from './reasons.js';
import { constraintReasons } from './constraints.js';
import { evaluateTree, mayFit, type EvaluatedTree } from './tree.js';

/** The result for a tree that is not a lone host. */
export interface TreeResult {
  readonly tree: EvaluatedTree;
  /** Null when the search reached its bound. */
  readonly fits: boolean | null;
  readonly fitsWhenEmpty: boolean;
  /** Whether the tree has an option for every slot. */
  readonly relevant: boolean;
  /** Empty when the tree fits. */
  readonly reasons: readonly Reason[];
}

export function* resultsOf(
  evaluator: Evaluator,
  search: AnchorSearch,
  trees: readonly EvaluatedTree[],
): Generator<Pause, TreeResult[], void> {
  const emptied = emptier();
  const everything = variantOf(evaluator.all);
  const results: TreeResult[] = [];
  for (const tree of trees) {
    const fits = yield* search.fits(tree, everything);
    const relevant = isRelevantTree(evaluator, tree);
    if (fits === true) {
      results.push({ tree, fits, fitsWhenEmpty: true, relevant, reasons: [] });
      continue;
    }
    const reasons = yield* reasonsOf(evaluator, search, tree, fits);
    if (!relevant || !mayFit(evaluator, tree, variantOf(evaluator.all), true)) {
      results.push({ tree, fits, fitsWhenEmpty: false, relevant, reasons });
      continue;
    }
    const { root, sharers } = tree;
    const members = tree.tree.members.map(emptied);
    const empty = evaluateTree(evaluator, { ...tree.tree, members }, emptied(root), sharers.map(emptied));
    const fitsWhenEmpty = (yield* search.fits(empty, everything)) === true;
    results.push({ tree, fits, fitsWhenEmpty, relevant, reasons });
  }
  return results;
}

function* reasonsOf(
  evaluator: Evaluator,
  search: AnchorSearch,
  tree: EvaluatedTree,
  fits: false | null,
): Generator<Pause, readonly Reason[], void> {
  const ofSlots = reasonsOfSlots(evaluator, tree);
  if (ofSlots.length > 0) return ofSlots;
  return fits === null ? [NOT_FOUND] : yield* constraintReasons(evaluator, search, tree);
}

/** Returns a function that copies a provider without its usage. It makes each copy once. */
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
