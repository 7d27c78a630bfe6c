import type { Pause } from '../candidates/effort.js';
import type { Provider } from '../topology/model.js';
import type { Wanted } from './cloud.js';
import type { TreeResult } from './tree-results.js';
import { bit, NONE, type Evaluator, type Mask } from './evaluate.js';
import { countOfKind, loneMask, reasonsOfHost, shortfallAt, shortfalls, type Reason } from './reasons.js';
import type { CloudSurvey } from './survey.js';

/** A tree with its reasons. */
export interface ListedTree {
  readonly root: Provider;
  readonly fits: boolean;
  readonly reasons: readonly Reason[];
}

/** The sort key of a tree that does not fit. Trees with the fewest reasons and the smallest shortfall come first. */
interface Miss {
  readonly reasons: number;
  readonly shortfall: number;
  readonly root: Provider;
  readonly list: () => ListedTree;
}

/**
 * Lists the trees that the query names, in the order of the query. Then lists the relevant trees that do not fit: those with the fewest
 * reasons first, then by shortfall, then by name.
 */
export function* nearestTrees(
  survey: CloudSurvey,
  wantedRoots: readonly number[],
  show: number,
): Generator<Pause, ListedTree[], void> {
  const { evaluator, relevantKinds, relevantResults, pace } = survey;
  const listed: ListedTree[] = [];
  for (const rootId of new Set(wantedRoots)) {
    const wanted = survey.cloud.wanted.get(rootId);
    if (wanted !== undefined) listed.push(listWanted(survey, wanted));
  }
  const apart = new Set(wantedRoots);
  const best: Miss[] = [];
  const kinds = relevantKinds
    .map((kind) => ({ kind, mask: loneMask(kind), reasons: countOfKind(kind) }))
    .filter(({ mask }) => mask !== NONE)
    .sort((a, b) => a.reasons - b.reasons);
  for (const { kind, mask, reasons } of kinds) {
    if (isHopeless(best, show, reasons)) break;
    const shortfallOf = shortfalls(evaluator, mask);
    for (const root of kind.hosts) {
      if (pace.isDue(10)) yield 'pause';
      const shortfall = shortfallOf(root);
      const last = best.length < show ? undefined : best.at(-1);
      if (last !== undefined && !isBefore(reasons, shortfall, root.name, last)) continue;
      if (apart.has(root.id)) continue;
      const list = (): ListedTree => ({ root, fits: false, reasons: reasonsOfHost(evaluator, kind, root) });
      insert(best, show, { reasons, shortfall, root, list });
    }
  }
  for (const result of relevantResults) {
    if (result.fits === true || apart.has(result.tree.root.id)) continue;
    const { reasons, tree } = result;
    const miss = { reasons: reasons.length, shortfall: shortfallOfTree(evaluator, result), root: tree.root };
    insert(best, show, { ...miss, list: () => listResult(result) });
    if (pace.isDue(20)) yield 'pause';
  }
  return [...listed, ...best.map(({ list }) => list())];
}

function listWanted({ evaluator, results }: CloudSurvey, wanted: Wanted): ListedTree {
  if ('tree' in wanted) {
    const result = results.find(({ tree }) => tree === wanted.tree);
    if (result !== undefined) return listResult(result);
    throw new Error(`nothing came out of tree ${wanted.tree.root.uuid}`);
  }
  const { kind, host } = wanted;
  return { root: host, fits: loneMask(kind) === NONE, reasons: reasonsOfHost(evaluator, kind, host) };
}

function listResult({ tree, fits, reasons }: TreeResult): ListedTree {
  return { root: tree.root, fits: fits === true, reasons };
}

function shortfallOfTree(evaluator: Evaluator, { reasons }: TreeResult): number {
  const byProvider = new Map<Provider, Mask>();
  for (const { condition, code, provider } of reasons) {
    if (condition === null || provider === null || code === 'sum') return Infinity;
    byProvider.set(provider, (byProvider.get(provider) ?? NONE) | bit(condition));
  }
  return Math.max(...Array.from(byProvider, ([provider, mask]) => shortfallAt(evaluator, mask, provider)));
}

/** Whether trees with this many reasons come after all trees that are shown. */
function isHopeless(best: readonly Miss[], show: number, reasons: number): boolean {
  const last = best.at(-1);
  return show === 0 || (best.length >= show && last !== undefined && last.reasons < reasons);
}

/** Inserts into a list that stays sorted and at most `show` long. */
function insert(best: Miss[], show: number, miss: Miss): void {
  if (show === 0) return;
  const last = best.at(-1);
  if (best.length >= show && last !== undefined && compare(miss, last) >= 0) return;
  let [low, high] = [0, best.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    const other = best[middle];
    if (other !== undefined && compare(other, miss) <= 0) low = middle + 1;
    else high = middle;
  }
  best.splice(low, 0, miss);
  if (best.length > show) best.pop();
}

function isBefore(reasons: number, shortfall: number, name: string, other: Miss): boolean {
  if (reasons !== other.reasons) return reasons < other.reasons;
  if (shortfall !== other.shortfall) return shortfall < other.shortfall;
  return name < other.root.name;
}

function compare(a: Miss, b: Miss): number {
  if (a.reasons !== b.reasons) return a.reasons - b.reasons;
  if (a.shortfall !== b.shortfall) return a.shortfall < b.shortfall ? -1 : 1;
  return a.root.name < b.root.name ? -1 : a.root.name > b.root.name ? 1 : 0;
}
