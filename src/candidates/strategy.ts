import type { Tree } from '../topology/model.js';
import type { Candidate } from './candidate.js';

type SearchAtAnchor = (tree: Tree) => Iterable<Candidate>;

/** Finishes one anchor before it looks at the next. */
export function* depthFirst(anchors: Iterable<Tree>, searchAt: SearchAtAnchor): Generator<Candidate, void, void> {
  for (const tree of anchors) yield* searchAt(tree);
}

/** Takes one candidate of each anchor in turn, so that a small limit still spreads over the hosts. */
export function* breadthFirst(anchors: Iterable<Tree>, searchAt: SearchAtAnchor): Generator<Candidate, void, void> {
  let open: Iterator<Candidate>[] = [];
  for (const tree of anchors) {
    const search = searchAt(tree)[Symbol.iterator]();
    const first = search.next();
    if (first.done === true) continue;
    yield first.value;
    open.push(search);
  }
  while (open.length > 0) {
    const more: Iterator<Candidate>[] = [];
    for (const search of open) {
      const next = search.next();
      if (next.done === true) continue;
      yield next.value;
      more.push(search);
    }
    open = more;
  }
}
