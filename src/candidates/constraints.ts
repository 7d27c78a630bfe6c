import { hasTrait, type Provider, type TraitSet } from '../topology/model.js';
import type { TreePosition } from './ancestry.js';
import { remember } from './conditions.js';
import { amountOf, contestedClasses, freeRoom } from './contested-classes.js';
import { placesAt, type Anchor, type Level } from './levels.js';
import type { Plan } from './plan.js';
import type { Group } from './request.js';
import type { Subtree } from './subtrees.js';
import type { ConstraintName } from './trace.js';

/** A constraint on several providers together. The search checks it as each level is decided. */
export interface Constraint {
  readonly name: ConstraintName;
  /** Levels up to `depth` are decided, the one at `depth` last. False: no choice for the other levels leads to a candidate. */
  allows(levels: readonly Level[], depth: number): boolean;
}

/** Makes the constraints that this request can violate, cheap ones first, for the levels of an anchor. */
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

/** group_policy=isolate: the unsuffixed group may overlap with any, the others not with each other. */
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

/** Below 1.29 a candidate has one provider of a tree. */
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

/** What the levels before `end` take of a class from a provider. */
function amountTaken(levels: readonly Level[], end: number, provider: Provider, classId: number): number {
  let sum = 0;
  for (let above = 0; above < end; above++) {
    const level = levels[above];
    if (level?.chosen === provider) sum += amountOf(level.slot.resources, classId);
  }
  return sum;
}

/** Amounts of one class on one provider are added; min_unit and step_size were checked for each group by itself. */
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
 * same_subtree: one of the chosen providers must be at or above all others. Until all are chosen, an open level may still
 * choose it. A chosen top is the first of the chosen providers in tree order; a later one is among the ancestors of the
 * first.
 */
function subtreeConstraint(
  levels: readonly Level[],
  subtree: Subtree,
  placeOf: (provider: Provider) => TreePosition,
): Constraint {
  const listed: { readonly depth: number; readonly level: Level }[] = [];
  /** The depth of the last level that has an option there. */
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

/** Bit i of a mask: has a trait of the group's set i. Null when each provider is asked by itself: with one class there is one. */
export function traitMasks(group: Group | null): ((set: TraitSet) => bigint) | null {
  if (group === null || group.requiredTraits.length === 0 || group.resources.length < 2) return null;
  return remember((set: TraitSet): bigint =>
    group.requiredTraits.reduce(
      (mask, anyOf, i) => (anyOf.some((t) => hasTrait(set, t)) ? mask | (1n << BigInt(i)) : mask),
      0n,
    ),
  );
}

/** The unsuffixed group's providers have the required traits together. */
function traitUnionConstraint(levels: readonly Level[], group: Group, maskOf: (set: TraitSet) => bigint): Constraint {
  const all = (1n << BigInt(group.requiredTraits.length)) - 1n;
  /** By depth: all that the levels from there on can contribute. */
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
