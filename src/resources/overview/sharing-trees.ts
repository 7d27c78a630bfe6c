import { hasTrait, memberOf, type Provider, type Trait, type Tree, type View } from '../../topology/model.js';

/**
 * The trees that share with a tree, in either direction, by the ids of their roots: those with a member in an aggregate of a provider of
 * the tree that shares, and those of sharing providers in an aggregate of another provider of the tree.
 */
export function relatedRoots(view: View, tree: Tree, sharing: Trait | undefined): ReadonlySet<number> {
  const roots = new Set<number>();
  if (sharing === undefined) return roots;
  const [ofSharing, ofOthers] = [new Set<string>(), new Set<string>()];
  for (const { traits, aggregates } of tree.members)
    for (const uuid of aggregates) (hasTrait(traits, sharing) ? ofSharing : ofOthers).add(uuid);
  for (const uuid of ofSharing)
    for (const { rootId } of view.providersInAggregate(uuid)?.values() ?? []) roots.add(rootId);
  // There are few of them, and many hosts may be in an aggregate.
  for (const { rootId, aggregates } of view.providersWithTrait(sharing))
    if (aggregates.some((uuid) => ofOthers.has(uuid))) roots.add(rootId);
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
  // The last one is taken first.
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
