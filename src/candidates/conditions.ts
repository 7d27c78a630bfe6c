import { hasTrait, type Trait, type TraitSet } from '../topology/model.js';
import type { CandidatesRequest, Group } from './request.js';

/** The conditions of a group on traits and aggregates. A condition is null when the group does not have it. */
export interface Conditions {
  /** Has at least one trait of each required set. */
  readonly requiredTraits: Predicate<TraitSet> | null;
  /** Has no forbidden trait. */
  readonly forbiddenTraits: Predicate<TraitSet> | null;
  /** Is in at least one aggregate of each member_of. */
  readonly memberOf: Predicate<readonly string[]> | null;
  /** Is in no forbidden aggregate. */
  readonly forbiddenAggregates: Predicate<readonly string[]> | null;
}

export type Predicate<Key> = (key: Key) => boolean;

export function conditionsOf(group: Group): Conditions {
  const { requiredTraits, forbiddenTraits } = group;
  // These are sets, because a provider may be in 200,000 aggregates, and a query may name hundreds.
  const memberOf = group.memberOf.map((anyOf) => new Set(anyOf));
  const forbiddenAggregates = new Set(group.forbiddenAggregates);
  return {
    requiredTraits:
      requiredTraits.length === 0
        ? null
        : remember((set: TraitSet) => requiredTraits.every((anyOf) => hasAnyTrait(set, anyOf))),
    forbiddenTraits:
      forbiddenTraits.length === 0 ? null : remember((set: TraitSet) => !hasAnyTrait(set, forbiddenTraits)),
    memberOf:
      memberOf.length === 0
        ? null
        : remember((aggregates: readonly string[]) => memberOf.every((anyOf) => isInAny(aggregates, anyOf))),
    forbiddenAggregates:
      forbiddenAggregates.size === 0
        ? null
        : remember((aggregates: readonly string[]) => !isInAny(aggregates, forbiddenAggregates)),
  };
}

/** root_required as one condition on the traits of the root. */
export function rootCondition({ rootRequired }: CandidatesRequest): Predicate<TraitSet> | null {
  if (rootRequired === null) return null;
  const { required, forbidden } = rootRequired;
  return remember((set) => required.every((trait) => hasTrait(set, trait)) && !hasAnyTrait(set, forbidden));
}

export function hasAnyTrait(set: TraitSet, anyOf: readonly Trait[]): boolean {
  return anyOf.some((trait) => hasTrait(set, trait));
}

export function isInAny(aggregates: readonly string[], anyOf: ReadonlySet<string>): boolean {
  return aggregates.some((aggregate) => anyOf.has(aggregate));
}

/**
 * Evaluates each key once for a request. Trait sets and lists of aggregates are interned, and thousands of providers share a few. Neighbours
 * in an index mostly have the same one, so the last key is compared before the look-up in the map.
 */
export function remember<Key extends object, Verdict>(evaluate: (key: Key) => Verdict): (key: Key) => Verdict {
  const verdicts = new Map<Key, Verdict>();
  let lastKey: Key | null = null;
  let lastVerdict: Verdict | undefined;
  return (key) => {
    if (key === lastKey && lastVerdict !== undefined) return lastVerdict;
    let verdict = verdicts.get(key);
    if (verdict === undefined) {
      verdict = evaluate(key);
      verdicts.set(key, verdict);
    }
    lastKey = key;
    lastVerdict = verdict;
    return verdict;
  };
}
