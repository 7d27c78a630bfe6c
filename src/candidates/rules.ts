import { hasTrait, inventoryOf, type Provider, type TraitSet, type View } from '../topology/model.js';
import { remember } from './conditions.js';
import type { Level } from './levels.js';
import type { Plan } from './match.js';
import type { Group, ResourceAmount } from './request.js';
import { isAtOrAbove, type Subtree } from './subtrees.js';
import type { RuleName } from './trace.js';

/** A rule about several providers at once; whether it may hold yet is asked as each level is decided. */
export interface Rule {
  readonly name: RuleName;
  /** Levels up to `depth` are decided, the one at `depth` just now. False: nothing that follows can be a candidate. */
  allows(levels: readonly Level[], depth: number): boolean;
}

/** The rules that this request can break, cheap ones first. */
export function rulesOf(view: View, plan: Plan, subtrees: readonly Subtree[]): Rule[] {
  const rules: Rule[] = [];
  if (plan.request.groupPolicy === 'isolate') rules.push(isolate);
  if (!plan.request.nested) rules.push(oneProviderPerTree);
  const contested = contestedClasses(plan);
  if (contested.size > 0) rules.push(capacityRule(contested));
  for (const subtree of subtrees) rules.push(subtreeRule(view, subtree));
  if (plan.unsuffixed !== null && needsTraitUnion(plan.unsuffixed)) rules.push(traitUnionRule(plan.unsuffixed));
  return rules;
}

/** group_policy=isolate: the unsuffixed group may overlap with any, the others not with each other. */
const isolate: Rule = {
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

/** Below 1.29: two providers of one tree are not put together. */
const oneProviderPerTree: Rule = {
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

/** Ids of the classes that several slots ask for: only their amounts can add up. */
export function contestedClasses({ slots }: Plan): Set<number> {
  const seen = new Set<number>();
  const contested = new Set<number>();
  for (const { resources } of slots) {
    for (const { resourceClass } of resources) {
      if (seen.has(resourceClass.id)) contested.add(resourceClass.id);
      seen.add(resourceClass.id);
    }
  }
  return contested;
}

/** How much one candidate may take of a class: what is free, and not above max_unit. */
export function freeRoom(provider: Provider, classId: number): number {
  const inventory = inventoryOf(provider, classId);
  if (inventory === undefined) return 0;
  return Math.min(Math.trunc(inventory.capacity) - inventory.used, inventory.maxUnit);
}

/** What the levels before `end` take of a class from a provider. */
function amountTaken(levels: readonly Level[], end: number, provider: Provider, classId: number): number {
  let sum = 0;
  for (let above = 0; above < end; above++) {
    const level = levels[above];
    if (level?.chosen === provider) sum += amountOf(level.slot.resources, classId);
  }
  return sum;
}

export function amountOf(resources: readonly ResourceAmount[], classId: number): number {
  for (const { resourceClass, amount } of resources) if (resourceClass.id === classId) return amount;
  return 0;
}

/** Amounts of one class on one provider are added; min_unit and step_size were checked for each group by itself. */
function capacityRule(contested: ReadonlySet<number>): Rule {
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

/** same_subtree: one of the chosen providers must be at or above all others; until all are chosen, it may be yet to come. */
function subtreeRule(view: View, subtree: Subtree): Rule {
  return {
    name: 'same_subtree',
    allows: (levels, depth) => {
      const current = levels[depth];
      if (current === undefined || !subtree.has(current.slot)) return true;
      const chosen: Provider[] = [];
      for (const [position, level] of levels.entries()) {
        if (position <= depth && level.chosen !== null && subtree.has(level.slot)) chosen.push(level.chosen);
      }
      const isTop = (top: Provider): boolean => chosen.every((provider) => isAtOrAbove(view, top, provider));
      if (chosen.some(isTop)) return true;
      if (chosen.length === subtree.size) return false;
      return levels.some((level, position) => position > depth && subtree.has(level.slot) && level.options.some(isTop));
    },
  };
}

/** With one class there is one provider, which was asked for the traits when it was matched. */
function needsTraitUnion(group: Group): boolean {
  return group.requiredTraits.length > 0 && group.resources.length > 1;
}

/** The unsuffixed group's providers have the required traits together. Bit i of a mask: has a trait of set i. */
function traitUnionRule({ requiredTraits }: Group): Rule {
  const all = (1n << BigInt(requiredTraits.length)) - 1n;
  const maskOf = remember((set: TraitSet): bigint =>
    requiredTraits.reduce(
      (mask, anyOf, i) => (anyOf.some((t) => hasTrait(set, t)) ? mask | (1n << BigInt(i)) : mask),
      0n,
    ),
  );
  return {
    name: 'required traits',
    allows: (levels, depth) => {
      if (levels[depth]?.slot.suffixed !== false) return true;
      let mask = 0n;
      for (const [position, level] of levels.entries()) {
        if (level.slot.suffixed) continue;
        if (position <= depth) {
          if (level.chosen !== null) mask |= maskOf(level.chosen.traits);
        } else {
          for (const { traits } of level.options) mask |= maskOf(traits);
        }
        if (mask === all) return true;
      }
      return false;
    },
  };
}
