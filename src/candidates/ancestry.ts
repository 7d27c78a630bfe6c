import type { Provider, Tree } from '../topology/model.js';

/**
 * Where a provider is in its tree. Providers are numbered in the order of a walk that visits a parent before its children and
 * one child's descendants before the next child, so the descendants of a provider are those numbered from `first` to `last`.
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

/** The places of the members of a tree, by id. Made once for a tree: it is replaced when a member changes. */
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

/** Without recursion: a chain may be longer than the stack. */
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
  // A map is iterated in the order of insertion, so backwards every child comes before its parent.
  for (const place of [...places.values()].reverse()) {
    if (place.parent !== null) place.parent.last = Math.max(place.parent.last, place.last);
  }
  return places;
}
