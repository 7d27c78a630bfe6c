import { inParts, type Divided } from '../../slices.js';
import { hasTrait, memberOf, type Provider, type Trait, type Tree, type View } from '../../topology/model.js';

/** Providers of other trees that share an aggregate with a tree, as far as one of the two shares its resources. */
export interface Neighbours {
  /** In the aggregates of providers of the tree that share: served by them. */
  readonly served: readonly Provider[];
  /** In the aggregates of the other providers of the tree: they serve it if they share. */
  readonly possiblySharing: readonly Provider[];
}

/** Looks at the view at once; what it returns stays as it is. */
export function neighboursOf(view: View, tree: Tree, sharing: Trait | undefined): Neighbours {
  const within = (aggregates: Iterable<string>): Provider[] =>
    [...aggregates].flatMap((uuid) => Array.from(view.providersInAggregate(uuid)?.values() ?? []));
  if (sharing === undefined) return { served: [], possiblySharing: [] };
  const [ofSharing, ofOthers] = [new Set<string>(), new Set<string>()];
  for (const { traits, aggregates } of tree.members)
    for (const uuid of aggregates) (hasTrait(traits, sharing) ? ofSharing : ofOthers).add(uuid);
  return { served: within(ofSharing), possiblySharing: within(ofOthers) };
}

/** The trees that share with a tree, in either direction, by the ids of their roots. */
export function* relatedRoots(
  tree: Tree,
  { served, possiblySharing }: Neighbours,
  sharing: Trait | undefined,
): Divided<ReadonlySet<number>> {
  const roots = new Set<number>();
  yield* inParts(served, ({ rootId }) => void roots.add(rootId));
  yield* inParts(possiblySharing, ({ rootId, traits }) => {
    if (sharing !== undefined && hasTrait(traits, sharing)) roots.add(rootId);
  });
  roots.delete(tree.rootId);
  return roots;
}

/** A tree's providers, parents before their children, siblings by name. */
export function inOrderOfTree(tree: Tree): Provider[] {
  const children = new Map<number, Provider[]>();
  for (const member of tree.members) {
    if (member.parentId === null) continue;
    const siblings = children.get(member.parentId);
    if (siblings === undefined) children.set(member.parentId, [member]);
    else siblings.push(member);
  }
  for (const siblings of children.values()) siblings.sort((a, b) => (a.name < b.name ? 1 : -1));
  const ordered: Provider[] = [];
  const root = memberOf(tree, tree.rootId);
  const open = root === undefined ? [] : [root];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    ordered.push(next);
    for (const child of children.get(next.id) ?? []) open.push(child);
  }
  return ordered;
}
