import type { Plan, Slot } from './plan.js';

/** The slots of the groups that one same_subtree lists. */
export type Subtree = ReadonlySet<Slot>;

/** Returns one subtree for each same_subtree that can reject a candidate. One with a single slot cannot. */
export function subtreesOf({ request, slots }: Plan): Subtree[] {
  const slotsOf = new Map<string, Slot[]>(request.groups.map(({ suffix }) => [suffix, []]));
  for (const slot of slots) slotsOf.get(request.groups[slot.group]?.suffix ?? '')?.push(slot);
  return request.sameSubtrees
    .map((suffixes) => new Set(suffixes.flatMap((suffix) => slotsOf.get(suffix) ?? [])))
    .filter((subtree) => subtree.size > 1);
}
