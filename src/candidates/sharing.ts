import { hasTrait, type Provider, type Tree, type View } from '../topology/model.js';
import { remember } from './conditions.js';
import type { Slot } from './match.js';

const SHARING_TRAIT = 'MISC_SHARES_VIA_AGGREGATE';

/** A sharing provider with the slots that it can serve at the anchor of another tree. */
export interface Sharer {
  readonly provider: Provider;
  readonly serves: ReadonlySet<Slot>;
}

/** Who shares what with whom, through aggregates. */
export interface Sharing {
  /** Every sharing provider, whether it can serve or not. */
  readonly providers: ReadonlyMap<number, Provider>;
  /** Those that can serve some slot at the root of `tree` without being in it: a member is in one of their aggregates. */
  reaching(tree: Tree): readonly Sharer[];
  /** Ids of the roots where a provider can be anchored, its own first; a root may come more than once. */
  anchorsOf(provider: Provider): Iterable<number>;
  /** How many anchors that may be, at most. */
  reach(provider: Provider): number;
}

export function sharingIn(view: View, slots: readonly Slot[]): Sharing {
  const providers = sharingProviders(view);
  const byAggregate = sharersByAggregate(providers, slots);
  return {
    providers,
    reaching: reachingThrough(byAggregate),
    *anchorsOf(provider) {
      yield provider.rootId;
      if (!providers.has(provider.id)) return;
      for (const aggregate of provider.aggregates) {
        for (const neighbour of view.providersInAggregate(aggregate)?.values() ?? []) yield neighbour.rootId;
      }
    },
    reach(provider) {
      if (!providers.has(provider.id)) return 1;
      return provider.aggregates.reduce((sum, uuid) => sum + (view.providersInAggregate(uuid)?.size ?? 0), 1);
    },
  };
}

function sharingProviders(view: View): Map<number, Provider> {
  const found = new Map<number, Provider>();
  const trait = view.traitByName(SHARING_TRAIT);
  if (trait === undefined) return found;
  for (const [set, members] of view.traitSets) {
    if (!hasTrait(set, trait)) continue;
    for (const provider of members.values()) found.set(provider.id, provider);
  }
  return found;
}

function sharersByAggregate(providers: ReadonlyMap<number, Provider>, slots: readonly Slot[]): Map<string, Sharer[]> {
  const byAggregate = new Map<string, Sharer[]>();
  for (const provider of providers.values()) {
    if (provider.aggregates.length === 0) continue;
    const serves = new Set(slots.filter((slot) => slot.servesAbroad(provider)));
    if (serves.size === 0) continue;
    const sharer = { provider, serves };
    for (const aggregate of provider.aggregates) {
      const others = byAggregate.get(aggregate);
      if (others === undefined) byAggregate.set(aggregate, [sharer]);
      else others.push(sharer);
    }
  }
  return byAggregate;
}

const NONE: readonly Sharer[] = [];

function reachingThrough(byAggregate: ReadonlyMap<string, readonly Sharer[]>): (tree: Tree) => readonly Sharer[] {
  if (byAggregate.size === 0) return () => NONE;
  const sharersOf = remember((aggregates: readonly string[]): readonly Sharer[] => {
    const found = new Set(aggregates.flatMap((aggregate) => byAggregate.get(aggregate) ?? NONE));
    return found.size === 0 ? NONE : [...found];
  });
  return (tree) => {
    const found = new Set<Sharer>();
    for (const member of tree.members) {
      for (const sharer of sharersOf(member.aggregates)) {
        if (sharer.provider.rootId !== tree.rootId) found.add(sharer);
      }
    }
    return found.size === 0 ? NONE : [...found];
  };
}
