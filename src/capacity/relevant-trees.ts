import { isInAny, remember } from '../candidates/conditions.js';
import type { Pace, Pause } from '../candidates/effort.js';
import type { Group } from '../candidates/request.js';
import type { Sharing } from '../candidates/sharing.js';
import { inventoryOf, type Provider, type Tree } from '../topology/model.js';

/** Classes of which one provider must have inventories. `abroad`: whether this may be a sharing provider of another tree. */
interface Wanted {
  readonly classIds: readonly number[];
  readonly abroad: boolean;
}

/**
 * Counts the trees that are relevant for the request (docs/contract/explain-and-capacity.md): those with inventories of the right classes
 * for every slot, without regard to their free room and to other conditions. If there are none, those with an inventory of any requested
 * class.
 */
export function* countRelevant(
  trees: readonly Tree[],
  groups: readonly Group[],
  sharing: Sharing,
  pace: Pace,
): Generator<Pause, number, void> {
  const wanted = wantedOf(groups);
  const shared = sharedClasses(wanted, sharing);
  let whole = 0;
  for (const tree of trees) {
    if (pace.isDue(3 * wanted.length * tree.members.length)) yield 'pause';
    if (wanted.every((one, i) => tree.members.some((member) => hasAll(member, one)) || shared(tree, i))) whole++;
  }
  if (whole > 0) return whole;
  let part = 0;
  const classIds = wanted.flatMap((one) => one.classIds);
  for (const { members } of trees) {
    if (pace.isDue(3 * classIds.length * members.length)) yield 'pause';
    if (members.some((member) => classIds.some((id) => inventoryOf(member, id) !== undefined))) part++;
  }
  return part;
}

/** Leaves out groups without resources, because any provider can serve them. */
function wantedOf(groups: readonly Group[]): Wanted[] {
  return groups.flatMap(({ suffix, resources, inTree }): Wanted[] => {
    const classIds = resources.map(({ resourceClass }) => resourceClass.id);
    if (classIds.length === 0) return [];
    if (suffix !== '') return [{ classIds, abroad: true }];
    return classIds.map((id) => ({ classIds: [id], abroad: inTree === null }));
  });
}

function hasAll(provider: Provider, { classIds }: Wanted): boolean {
  for (const id of classIds) if (inventoryOf(provider, id) === undefined) return false;
  return true;
}

/** Whether a provider that shares with a tree has the classes, by position in `wanted`. */
function sharedClasses(wanted: readonly Wanted[], { providers }: Sharing): (tree: Tree, index: number) => boolean {
  if (providers.size === 0) return () => false;
  const aggregates = wanted.map((one) => {
    const found = new Set<string>();
    if (!one.abroad) return found;
    for (const provider of providers.values()) {
      if (hasAll(provider, one)) for (const aggregate of provider.aggregates) found.add(aggregate);
    }
    return found;
  });
  const reaches = remember((of: readonly string[]) => aggregates.map((some) => isInAny(of, some)));
  return (tree, index) => tree.members.some((member) => reaches(member.aggregates)[index] === true);
}
