import { hasTrait, type Provider, type Tree, type TraitSet, type View } from '../topology/model.js';
import { hasAnyTrait, rootCondition } from './conditions.js';
import { inTreeOf, type Plan } from './match.js';
import type { Group } from './request.js';
import type { Sharing } from './sharing.js';
import type { AnchorCounts } from './trace.js';

/**
 * Providers of which every candidate has at least one, by some condition of the request: so all anchors are among theirs.
 * Indexes, not results: nothing is copied, and a search that has enough stops in the middle.
 */
interface Source {
  readonly parts: readonly ReadonlyMap<number, Provider>[];
  /** Whether a provider can be in two parts. */
  readonly overlapping: boolean;
  /** The condition is on the root itself: no other provider of the source is an anchor, nor leads to one. */
  readonly rootsOnly: boolean;
}

/**
 * The trees whose root can be the anchor of a candidate, each once, found on demand from the smallest index that applies;
 * those whose root is ruled out by itself are left out.
 */
export function* anchorTrees(view: View, plan: Plan, sharing: Sharing, counts: AnchorCounts): Generator<Tree> {
  const isAllowed = rootCheck(plan);
  for (const tree of unchecked(view, plan, sharing)) {
    counts.lookedAt++;
    const root = rootOf(view, tree);
    if (!isAllowed(root)) continue;
    counts.rootAllowed++;
    yield tree;
  }
}

export function rootOf(view: View, tree: Tree): Provider {
  const [first] = tree.members;
  const root = first?.id === tree.rootId ? first : view.providers.get(tree.rootId);
  if (root === undefined) throw new Error(`tree ${tree.rootId} has no root`);
  return root;
}

/** root_required, and the unsuffixed group's forbidden aggregates, which the anchor must not be in either. */
function rootCheck(plan: Plan): (root: Provider) => boolean {
  const hasRootTraits = rootCondition(plan.request);
  const position = plan.request.groups.findIndex(({ suffix }) => suffix === '');
  const isOutside = plan.conditions[position]?.forbiddenAggregates ?? null;
  return (root) =>
    (hasRootTraits === null || hasRootTraits(root.traits)) && (isOutside === null || isOutside(root.aggregates));
}

function* unchecked(view: View, plan: Plan, sharing: Sharing): Generator<Tree> {
  const only = plan.unsuffixed?.inTree ?? null;
  if (only !== null) {
    const provider = view.providerByUuid(only);
    if (provider !== undefined) yield view.treeOf(provider);
    return;
  }
  const source = cheapest(sourcesOf(view, plan), sharing);
  const visited = new Set<number>();
  const repeats = source.overlapping || sharing.providers.size > 0;
  for (const part of source.parts) {
    for (const provider of part.values()) {
      if (source.rootsOnly && provider.parentId !== null) continue;
      const tree = view.treeOf(provider);
      if (source.rootsOnly || !sharing.providers.has(provider.id)) {
        // A lone host that shares nothing is met once: 100,000 of them need no set of those already seen.
        if (repeats || tree.members.length > 1) {
          if (visited.has(tree.rootId)) continue;
          visited.add(tree.rootId);
        }
        yield tree;
        continue;
      }
      for (const rootId of sharing.anchorsOf(provider)) {
        const anchored = view.trees.get(rootId);
        if (anchored === undefined || visited.has(rootId)) continue;
        visited.add(rootId);
        yield anchored;
      }
    }
  }
}

function cheapest(sources: readonly Source[], sharing: Sharing): Source {
  let best: Source = { parts: [], overlapping: false, rootsOnly: false };
  let least = Infinity;
  for (const source of sources) {
    let cost = source.parts.reduce((sum, part) => sum + part.size, 0);
    if (!source.rootsOnly) {
      // One sharing provider can stand for the whole cloud.
      for (const provider of sharing.providers.values()) {
        if (source.parts.some((part) => part.has(provider.id))) cost += sharing.reach(provider);
      }
    }
    if (cost < least) [best, least] = [source, cost];
  }
  return best;
}

function sourcesOf(view: View, plan: Plan): Source[] {
  const sources = plan.request.groups.flatMap((group, position) => {
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

/** A suffixed group's provider has all required traits; of the unsuffixed group's some provider has each. */
function traitSources(view: View, group: Group, hasAll: ((set: TraitSet) => boolean) | null): Source[] {
  if (hasAll === null) return [];
  if (group.suffix !== '') return [from(partsWith(view, hasAll))];
  return group.requiredTraits.map((anyOf) => from(partsWith(view, (set) => hasAnyTrait(set, anyOf))));
}

function treeSource(view: View, group: Group): Source[] {
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

function from(parts: readonly (ReadonlyMap<number, Provider> | undefined)[]): Source {
  return { parts: parts.filter((part) => part !== undefined), overlapping: false, rootsOnly: false };
}
