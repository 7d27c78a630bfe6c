import { hasTrait, memberOf, type Provider, type Trait, type Tree, type View } from '../../topology/model.js';

/**
 * Returns the ids of the roots of the trees that share with a tree, in either direction. These are the trees with a member in an aggregate
 * of a sharing provider of this tree, and the trees of sharing providers in an aggregate of another provider of this tree.
 */
export function relatedRoots(view: View, tree: Tree, sharing: Trait | undefined): ReadonlySet<number> {
  const roots = new Set<number>();
  if (sharing === undefined) return roots;
  const [ofSharing, ofOthers] = [new Set<string>(), new Set<string>()];
  for (const { traits, aggregates } of tree.members)
    for (const uuid of aggregates) (hasTrait(traits, sharing) ? ofSharing : ofOthers).add(uuid);
  for (const uuid of ofSharing)
    for (const { rootId } of view.providersInAggregate(uuid)?.values() ?? []) roots.add(rootId);
  // This loop goes over sharing providers, because there are few, while an aggregate may have many hosts.
  for (const { rootId, aggregates } of view.providersWithTrait(sharing))
    if (aggregates.some((uuid) => ofOthers.has(uuid))) roots.add(rootId);
  roots.delete(tree.rootId);
  return roots;
}

/** Returns the providers of a tree: parents before their children, and siblings by name. */
export function inOrderOfTree(tree: Tree): Provider[] {
  const children = new Map<number, Provider[]>();
  for (const member of tree.members) {
    if (member.parentId === null) continue;
    const siblings = children.get(member.parentId);
    if (siblings === undefined) children.set(member.parentId, [member]);
    else siblings.push(member);
  }
  // Siblings are sorted in reverse, because `pop` takes the last one first.
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
