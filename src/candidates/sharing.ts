import { hasTrait, type Provider, type Tree, type View } from '../topology/model.js';
import { remember } from './conditions.js';
import type { Slot } from './plan.js';

/** A provider with this trait shares its inventories with the trees that have a member in one of its aggregates. */
export const SHARING_TRAIT = 'MISC_SHARES_VIA_AGGREGATE';

/** A sharing provider, at the anchor of another tree. */
export interface Sharer {
  readonly provider: Provider;
  /** Whether it can serve a slot there. */
  serves(slot: Slot): boolean;
}

/** The sharing providers, and the trees with which they share through aggregates. */
export interface Sharing {
  /** All sharing providers, also those that cannot serve a slot. */
  readonly providers: ReadonlyMap<number, Provider>;
  /** Returns the sharing providers of other trees that share with a member of `tree`, and can serve some slot at its root. */
  reaching(tree: Tree): readonly Sharer[];
  /** Returns the most anchors that a provider may have. */
  reach(provider: Provider): number;
}

export function sharingIn(view: View, slots: readonly Slot[]): Sharing {
  const providers = sharingProviders(view);
  return {
    providers,
    reaching: reachingThrough(sharersByAggregate(providers.values()), slots),
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

/** Evaluates each kind of slot once, at the first anchor with which the provider shares. */
function sharerOf(provider: Provider): Sharer {
  const verdicts: (boolean | undefined)[] = [];
  return {
    provider,
    serves: (slot) => (verdicts[slot.kind] ??= slot.servesAbroad(provider)),
  };
}

function sharersByAggregate(providers: Iterable<Provider>): Map<string, Sharer[]> {
  const byAggregate = new Map<string, Sharer[]>();
  for (const provider of providers) {
    if (provider.aggregates.length === 0) continue;
    const sharer = sharerOf(provider);
    for (const aggregate of provider.aggregates) {
      const others = byAggregate.get(aggregate);
      if (others === undefined) byAggregate.set(aggregate, [sharer]);
      else others.push(sharer);
    }
  }
  return byAggregate;
}

const NONE: readonly Sharer[] = [];

function reachingThrough(
  byAggregate: ReadonlyMap<string, readonly Sharer[]>,
  slots: readonly Slot[],
): (tree: Tree) => readonly Sharer[] {
  if (byAggregate.size === 0) return () => NONE;
  const canServe = remember((sharer: Sharer): boolean => slots.some((slot) => sharer.serves(slot)));
  const sharersOf = remember((aggregates: readonly string[]): readonly Sharer[] => {
    const found = new Set(aggregates.flatMap((aggregate) => byAggregate.get(aggregate) ?? NONE).filter(canServe));
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
