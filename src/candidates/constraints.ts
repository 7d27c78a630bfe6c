import { hasTrait, type Provider, type TraitSet } from '../topology/model.js';
import type { TreePosition } from './ancestry.js';
import { remember } from './conditions.js';
import { amountOf, contestedClasses, freeRoom } from './contested-classes.js';
import { placesAt, type Anchor, type Level } from './levels.js';
import type { Plan } from './plan.js';
import type { Group } from './request.js';
import type { Subtree } from './subtrees.js';
import type { ConstraintName } from './trace.js';

/** A constraint on several providers together. The search checks it after it has decided each level. */
export interface Constraint {
  readonly name: ConstraintName;
  /** Levels up to `depth` are decided; the last decision was at `depth`. Returns false when no choice for the other levels leads to a candidate. */
  allows(levels: readonly Level[], depth: number): boolean;
}

/** Makes the constraints that this request can violate, for the levels of an anchor. Cheap ones come first. */
export function constraintsOf(
  plan: Plan,
  subtrees: readonly Subtree[],
): (levels: readonly Level[], anchor: Anchor) => Constraint[] {
  const always: Constraint[] = [];
  if (plan.request.groupPolicy === 'isolate') always.push(isolate);
  if (!plan.request.nested) always.push(oneProviderPerTree);
  const contested = contestedClasses(plan);
  if (contested.size > 0) always.push(capacityConstraint(contested));
  const maskOf = traitMasks(plan.unsuffixed);
  if (subtrees.length === 0 && maskOf === null) return () => always;
  return (levels, anchor) => {
    const constraints = [...always];
    if (subtrees.length > 0) {
      const placeOf = placesAt(anchor);
      for (const subtree of subtrees) constraints.push(subtreeConstraint(levels, subtree, placeOf));
    }
    if (maskOf !== null && plan.unsuffixed !== null)
      constraints.push(traitUnionConstraint(levels, plan.unsuffixed, maskOf));
    return constraints;
  };
}

/** group_policy=isolate: two suffixed groups must not have the same provider. The unsuffixed group may share providers with any group. */
const isolate: Constraint = {
  name: 'isolate',
  allows: (levels, depth) => {
    const level = levels[depth];
    if (level?.slot.suffixed !== true) return true;
    for (let above = 0; above < depth; above++) {
      const other = levels[above];
      if (other?.chosen === level.chosen && other.slot.suffixed) return false;
    }
    return true;
  },
};

/** Below 1.29 a candidate has at most one provider of each tree. */
const oneProviderPerTree: Constraint = {
  name: 'nested',
  allows: (levels, depth) => {
    const provider = levels[depth]?.chosen;
    for (let above = 0; above < depth; above++) {
      const other = levels[above]?.chosen;
      if (other !== provider && other?.rootId === provider?.rootId) return false;
    }
    return true;
  },
};

/** Returns the amount of a class that the levels before `end` take from a provider. */
function amountTaken(levels: readonly Level[], end: number, provider: Provider, classId: number): number {
  let sum = 0;
  for (let above = 0; above < end; above++) {
    const level = levels[above];
    if (level?.chosen === provider) sum += amountOf(level.slot.resources, classId);
  }
  return sum;
}

/** Adds the amounts of one class on one provider. The slots have checked min_unit and step_size for each group by itself. */
function capacityConstraint(contested: ReadonlySet<number>): Constraint {
  return {
    name: 'capacity',
    allows: (levels, depth) => {
      const level = levels[depth];
      if (level?.chosen == null) return true;
      for (const { resourceClass, amount } of level.slot.resources) {
        if (!contested.has(resourceClass.id)) continue;
        const taken = amountTaken(levels, depth, level.chosen, resourceClass.id);
        if (taken > 0 && taken + amount > freeRoom(level.chosen, resourceClass.id)) return false;
      }
      return true;
    },
  };
}

/**
 * same_subtree: one of the chosen providers, the top, must be at or above all others. Until all are chosen, an open level may still choose
 * the top. A top that is already chosen is the first of the chosen providers in tree order. A top that is chosen later is an ancestor of
 * that first provider.
 */
function subtreeConstraint(
  levels: readonly Level[],
  subtree: Subtree,
  placeOf: (provider: Provider) => TreePosition,
): Constraint {
  const listed: { readonly depth: number; readonly level: Level }[] = [];
  /** For each position, the depth of the last level with an option there. */
  const lastDepth = new Map<TreePosition, number>();
  for (const [depth, level] of levels.entries()) {
    if (!subtree.has(level.slot)) continue;
    listed.push({ depth, level });
    for (const option of level.options) lastDepth.set(placeOf(option), depth);
  }
  return {
    name: 'same_subtree',
    allows: (_, depth) => {
      if (levels[depth] === undefined || !subtree.has(levels[depth].slot)) return true;
      let first: TreePosition | null = null;
      let last = -1;
      for (const { depth: above, level } of listed) {
        if (above > depth) break;
        if (level.chosen === null) continue;
        const place = placeOf(level.chosen);
        if (first !== null && place.rootId !== first.rootId) return false;
        if (first === null || place.first < first.first) first = place;
        if (place.first > last) last = place.first;
      }
      if (first === null || first.last >= last) return true;
      for (let top = first.parent; top !== null; top = top.parent) {
        if (top.last >= last && (lastDepth.get(top) ?? -1) > depth) return true;
      }
      return false;
    },
  };
}

/**
 * Returns a function that makes masks: bit i is set when a trait set has a trait of set i of the group. Null when each provider must have
 * all required traits by itself, because a group with one class has one provider.
 */
export function traitMasks(group: Group | null): ((set: TraitSet) => bigint) | null {
  if (group === null || group.requiredTraits.length === 0 || group.resources.length < 2) return null;
  return remember((set: TraitSet): bigint =>
    group.requiredTraits.reduce(
      (mask, anyOf, i) => (anyOf.some((t) => hasTrait(set, t)) ? mask | (1n << BigInt(i)) : mask),
      0n,
    ),
  );
}

/** The providers of the unsuffixed group must have the required traits together. */
function traitUnionConstraint(levels: readonly Level[], group: Group, maskOf: (set: TraitSet) => bigint): Constraint {
  const all = (1n << BigInt(group.requiredTraits.length)) - 1n;
  /** By depth, the traits that the levels from there on can contribute. */
  const future: bigint[] = [];
  let mask = 0n;
  for (let depth = levels.length; depth >= 0; depth--) {
    const level = levels[depth];
    if (level?.slot.suffixed === false) for (const { traits } of level.options) mask |= maskOf(traits);
    future[depth] = mask;
  }
  return {
    name: 'required traits',
    allows: (_, depth) => {
      if (levels[depth]?.slot.suffixed !== false) return true;
      let union = future[depth + 1] ?? 0n;
      for (let above = 0; above <= depth; above++) {
        const level = levels[above];
        if (level?.slot.suffixed === false && level.chosen !== null) union |= maskOf(level.chosen.traits);
      }
      return union === all;
    },
  };
}
