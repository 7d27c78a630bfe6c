import { hasTrait, type Provider, type Tree, type TraitSet, type View } from '../topology/model.js';
import { hasAnyTrait, rootCondition } from './conditions.js';
import type { Pace, Pause } from './effort.js';
import { inTreeOf, type Plan } from './plan.js';
import type { Group } from './request.js';
import type { Sharing } from './sharing.js';
import type { AnchorCounts } from './trace.js';
import { oneTree, walkTrees, WORK_FOR_A_PROVIDER, type AnchorIndex, type Trees } from './walk.js';

/** The trees whose root can be the anchor of a candidate. The generator finds them on demand, each once. */
export interface AnchorTrees {
  readonly trees: Generator<Tree | Pause, void, void>;
  /**
   * Copies the data of the view that the walk still needs. The search calls it before the first pause, because the view may change in a
   * pause. Returns the number of copied pointers.
   */
  freeze(): number;
}

/**
 * Walks the smallest index that applies. It leaves out trees whose root fails a condition by itself.
 *
 * @param isOver whether no more trees are wanted
 */
export function anchorTrees(
  view: View,
  trees: Trees,
  plan: Plan,
  sharing: Sharing,
  counts: AnchorCounts,
  pace: Pace,
  isOver: () => boolean,
): AnchorTrees {
  const isAllowed = rootCheck(plan);
  const only = plan.unsuffixed?.inTree ?? null;
  const walk =
    only === null
      ? walkTrees(view, trees, cheapest(sourcesOf(view, plan), sharing), sharing, pace)
      : oneTree(view, only);
  function* checked(): Generator<Tree | Pause, void, void> {
    for (let tree = walk.next(); tree !== null && !isOver(); tree = walk.next()) {
      if (tree === 'pause') {
        yield tree;
        continue;
      }
      counts.lookedAt++;
      if (pace.isDue(WORK_FOR_A_PROVIDER)) yield 'pause';
      if (!isAllowed(rootOf(tree))) continue;
      counts.rootAllowed++;
      yield tree;
    }
  }
  return { trees: checked(), freeze: walk.freeze };
}

export function rootOf(tree: Tree): Provider {
  const [first] = tree.members;
  const root = first?.id === tree.rootId ? first : tree.members.find(({ id }) => id === tree.rootId);
  if (root === undefined) throw new Error(`tree ${tree.rootId} has no root`);
  return root;
}

/** Checks root_required, and the forbidden aggregates of the unsuffixed group, in which the anchor must not be, either. */
export function rootCheck(plan: Plan): (root: Provider) => boolean {
  const hasRootTraits = rootCondition(plan.request);
  const position = plan.request.groups.findIndex(({ suffix }) => suffix === '');
  const isOutside = plan.conditions[position]?.forbiddenAggregates ?? null;
  return (root) =>
    (hasRootTraits === null || hasRootTraits(root.traits)) && (isOutside === null || isOutside(root.aggregates));
}

function cheapest(sources: readonly AnchorIndex[], sharing: Sharing): AnchorIndex {
  let best: AnchorIndex = { parts: [], overlapping: false, rootsOnly: false };
  let least = Infinity;
  for (const source of sources) {
    let cost = source.parts.reduce((sum, part) => sum + part.size, 0);
    if (!source.rootsOnly) {
      // From one sharing provider the walk may reach every tree of the cloud.
      for (const provider of sharing.providers.values()) {
        if (cost >= least) break;
        if (source.parts.some((part) => part.has(provider.id))) cost += sharing.reach(provider);
      }
    }
    if (cost < least) [best, least] = [source, cost];
  }
  return best;
}

/** Any source is correct, and each needs a pass over all trait sets. So only the first groups of a request are used. */
const MOST_GROUPS = 32;

function sourcesOf(view: View, plan: Plan): AnchorIndex[] {
  const sources = plan.request.groups.slice(0, MOST_GROUPS).flatMap((group, position) => {
    const ofGroup = group.resources.map(({ resourceClass }) => from([view.providersWithClass(resourceClass.id)]));
    for (const anyOf of group.memberOf) {
      const parts = anyOf.map((uuid) => view.providersInAggregate(uuid));
      ofGroup.push({ ...from(parts), overlapping: parts.length > 1 });
    }
    ofGroup.push(...traitSources(view, group, plan.conditions[position]?.requiredTraits ?? null));
    if (group.suffix !== '') ofGroup.push(...treeSource(view, group));
    return ofGroup;
  });
  for (const trait of plan.request.rootRequired?.required ?? []) {
    sources.push({ ...from(partsWith(view, (set) => hasTrait(set, trait))), rootsOnly: true });
  }
  return sources;
}

/** The provider of a suffixed group has all required traits. For the unsuffixed group, each required trait is on some provider. */
function traitSources(view: View, group: Group, hasAll: ((set: TraitSet) => boolean) | null): AnchorIndex[] {
  if (hasAll === null) return [];
  if (group.suffix !== '') return [from(partsWith(view, hasAll))];
  return group.requiredTraits.map((anyOf) => from(partsWith(view, (set) => hasAnyTrait(set, anyOf))));
}

function treeSource(view: View, group: Group): AnchorIndex[] {
  const rootId = inTreeOf(view, group);
  if (rootId === null) return [];
  const members = view.trees.get(rootId)?.members ?? [];
  return [from([new Map(members.map((member) => [member.id, member]))])];
}

function partsWith(view: View, matches: (set: TraitSet) => boolean): ReadonlyMap<number, Provider>[] {
  const parts: ReadonlyMap<number, Provider>[] = [];
  for (const [set, members] of view.traitSets) if (matches(set)) parts.push(members);
  return parts;
}

function from(parts: readonly (ReadonlyMap<number, Provider> | undefined)[]): AnchorIndex {
  return { parts: parts.filter((part) => part !== undefined), overlapping: false, rootsOnly: false };
}
