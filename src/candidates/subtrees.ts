import type { Provider, View } from '../topology/model.js';
import type { Plan, Slot } from './match.js';

/** The slots of the groups that one same_subtree lists. */
export type Subtree = ReadonlySet<Slot>;

/** One for each same_subtree that says something: a single group is always in one subtree. */
export function subtreesOf({ request, slots }: Plan): Subtree[] {
  return request.sameSubtrees
    .map((suffixes) => {
      const groups = new Set(suffixes.map((suffix) => request.groups.findIndex((group) => group.suffix === suffix)));
      return new Set(slots.filter((slot) => groups.has(slot.group)));
    })
    .filter((subtree) => subtree.size > 1);
}

export function isAtOrAbove(view: View, top: Provider, provider: Provider): boolean {
  if (top === provider) return true;
  if (top.rootId !== provider.rootId) return false;
  if (top.parentId === null) return true;
  let { parentId } = provider;
  while (parentId !== null) {
    if (parentId === top.id) return true;
    parentId = view.providers.get(parentId)?.parentId ?? null;
  }
  return false;
}
