import type { Provider, Tree } from '../topology/model.js';

/**
 * The position of a provider in its tree. Providers are numbered in the order of a walk that visits a parent before its children, and the
 * descendants of a child before the next child. So the numbers of a provider and its descendants are `first` to `last`.
 */
export interface TreePosition {
  readonly rootId: number;
  readonly parent: TreePosition | null;
  readonly first: number;
  readonly last: number;
}

export function isAtOrAbove(top: TreePosition, place: TreePosition): boolean {
  return top.rootId === place.rootId && top.first <= place.first && place.first <= top.last;
}

const kept = new WeakMap<Tree, ReadonlyMap<number, TreePosition>>();

/** The positions of the members of a tree, by id. They are computed once, because the topology replaces the tree when a member changes. */
export function placesOf(tree: Tree): ReadonlyMap<number, TreePosition> {
  let places = kept.get(tree);
  if (places === undefined) {
    places = numbered(tree);
    kept.set(tree, places);
  }
  return places;
}

interface Draft {
  readonly rootId: number;
  readonly parent: Draft | null;
  readonly first: number;
  last: number;
}

/** Does not use recursion, because a chain of providers may be longer than the stack. */
function numbered({ rootId, members }: Tree): Map<number, TreePosition> {
  const children = new Map<number | null, Provider[]>();
  for (const member of members) {
    const siblings = children.get(member.parentId);
    if (siblings === undefined) children.set(member.parentId, [member]);
    else siblings.push(member);
  }
  const places = new Map<number, Draft>();
  const walk: { readonly provider: Provider; readonly parent: Draft | null }[] = [];
  for (const provider of children.get(null) ?? []) walk.push({ provider, parent: null });
  for (let next = walk.pop(); next !== undefined; next = walk.pop()) {
    const { provider, parent } = next;
    const place = { rootId, parent, first: places.size, last: places.size };
    places.set(provider.id, place);
    for (const child of children.get(provider.id) ?? []) walk.push({ provider: child, parent: place });
  }
  // The order of a map is that of insertion, so in reverse order every child comes before its parent.
  for (const place of [...places.values()].reverse()) {
    if (place.parent !== null) place.parent.last = Math.max(place.parent.last, place.last);
  }
  return places;
}
