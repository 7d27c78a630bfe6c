import type { Tree } from '../topology/model.js';
import type { Pause, Stuck } from './effort.js';

export type SearchAtAnchor<Found> = (tree: Tree) => Iterable<Found | Pause | Stuck>;

/**
 * The order in which the anchors are searched. Each anchor gets the same share of steps to find its next candidate before any anchor gets
 * more. So a difficult anchor does not prevent the search at the anchors after it.
 */
export interface Turns<Found> {
  readonly anchors: Iterable<Tree | Pause>;
  readonly searchAt: SearchAtAnchor<Found>;
  readonly share: { steps: number };
}

/** The factor by which the share grows when all anchors have used theirs. */
const GROWTH = 4;

/** The most interrupted searches, which keep their options in memory. Further anchors are finished at once. */
const MOST_OPEN = 10_000;

/** Depth-first: finishes one anchor before the next, unless the anchor is stuck. */
export function* depthFirst<Found>({ anchors, searchAt, share }: Turns<Found>): Generator<Found | Pause, void, void> {
  let open: Iterator<Found | Pause | Stuck>[] = [];
  for (const tree of anchors) {
    if (tree === 'pause') {
      yield tree;
      continue;
    }
    const found = searchAt(tree);
    if (Array.isArray(found)) {
      yield* found as Found[];
      continue;
    }
    const search = found[Symbol.iterator]();
    if (yield* untilStuck(search, open.length < MOST_OPEN)) open.push(search);
  }
  while (open.length > 0) {
    share.steps *= GROWTH;
    const stuck: Iterator<Found | Pause | Stuck>[] = [];
    for (const search of open) if (yield* untilStuck(search, true)) stuck.push(search);
    open = stuck;
  }
}

/** Returns whether there is more to search. */
function* untilStuck<Found>(
  search: Iterator<Found | Pause | Stuck>,
  mayStop: boolean,
): Generator<Found | Pause, boolean, void> {
  for (let next = search.next(); next.done !== true; next = search.next()) {
    if (next.value !== 'stuck') yield next.value;
    else if (mayStop) return true;
  }
  return false;
}

/** Breadth-first: takes one candidate of each anchor in turn, so that a small limit spreads over the hosts. */
export function* breadthFirst<Found>({ anchors, searchAt, share }: Turns<Found>): Generator<Found | Pause, void, void> {
  let open: Iterator<Found | Pause | Stuck>[] = [];
  for (const tree of anchors) {
    if (tree === 'pause') {
      yield tree;
      continue;
    }
    const search = searchAt(tree)[Symbol.iterator]();
    if (open.length >= MOST_OPEN) yield* untilStuck(search, false);
    else if ((yield* oneMore(search)) !== 'end') open.push(search);
  }
  while (open.length > 0) {
    const more: Iterator<Found | Pause | Stuck>[] = [];
    let anyFound = false;
    for (const search of open) {
      const outcome = yield* oneMore(search);
      if (outcome === 'end') continue;
      if (outcome === 'found') anyFound = true;
      more.push(search);
    }
    if (!anyFound) share.steps *= GROWTH;
    open = more;
  }
}

function* oneMore<Found>(
  search: Iterator<Found | Pause | Stuck>,
): Generator<Found | Pause, 'found' | 'stuck' | 'end', void> {
  for (let next = search.next(); next.done !== true; next = search.next()) {
    if (next.value === 'stuck') return 'stuck';
    yield next.value;
    if (next.value !== 'pause') return 'found';
  }
  return 'end';
}
