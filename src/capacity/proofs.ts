import { contestedClasses } from '../candidates/contested-classes.js';
import type { Plan, Slot } from '../candidates/plan.js';
import { subtreesOf } from '../candidates/subtrees.js';
import type { Provider } from '../topology/model.js';
import { copiesOf, freeOf } from './copies-of-options.js';
import { amountConditions, conditionsOfSlot, type AmountCondition } from './model.js';
import type { TreeSurvey } from './tree-survey.js';

/** A proof that at most `atMost` requests fit, with the conditions that limit them. */
export interface Proof {
  readonly atMost: number;
  readonly because: readonly AmountCondition[];
}

/** Makes proofs for one request. Data that is the same for all trees is computed once. */
export interface Prover {
  readonly conditions: readonly AmountCondition[];
  /**
   * Returns the lowest of all upper bounds that need no packing.
   *
   * @param options the providers that can serve each slot, by index of the slot, each provider once
   * @param room returns the free units of a provider and class; by default those of the view
   */
  prove(options: readonly (readonly Provider[])[], room?: FreeUnits): Proof;
  /** The sum of the copies of a slot's options. */
  sumOf(slot: Slot, options: readonly Provider[]): number;
  /** Whether the lowest bound is the exact number for this tree by itself. */
  isExact(survey: TreeSurvey): boolean;
  /** Whether slots are independent: each request takes one copy of each slot, from any provider. */
  readonly independent: boolean;
}

export type FreeUnits = (provider: Provider, classId: number) => number;

/**
 * Three of the four proofs of docs/contract/explain-and-capacity.md#how-capacity-is-counted: copies of a slot, free room of a class that
 * several slots need, and equal groups that must have different providers. pools.ts has the fourth, for pools that several trees share.
 */
export function proverOf(plan: Plan): Prover {
  const { slots, request } = plan;
  const conditions = amountConditions(request.groups);
  const bySlot = slots.map((slot) => conditionsOfSlot(conditions, slot));
  const contested = [...contestedClasses(plan)].map((classId) => {
    const because = conditions.filter(({ resourceClass }) => resourceClass.id === classId);
    const wanting = slots.filter(({ resources }) =>
      resources.some(({ resourceClass }) => resourceClass.id === classId),
    );
    return { classId, because, wanting, asked: because.reduce((sum, { amount }) => sum + amount, 0) };
  });
  const apart = equalGroupsApart(plan, conditions);
  const { independent, isolated, alone } = structureOf(plan, contested.length > 0);

  /** For each slot, the sums of lists that thousands of trees have in common. */
  const known = slots.map(() => new WeakMap<readonly Provider[], number>());

  function sumOf(slot: Slot, options: readonly Provider[], room: FreeUnits = freeOf): number {
    if (room !== freeOf || options.length < LONG) return sumOfCopies(slot, options, room);
    const sums = known[slot.index];
    let sum = sums?.get(options);
    if (sum === undefined) {
      sum = sumOfCopies(slot, options, room);
      sums?.set(options, sum);
    }
    return sum;
  }

  function prove(options: readonly (readonly Provider[])[], room: FreeUnits = freeOf): Proof {
    let atMost = Infinity;
    let because: readonly AmountCondition[] = [];
    for (const slot of slots) {
      const at = options[slot.index] ?? NONE;
      const sum = sumOf(slot, at, room);
      if (sum > atMost) continue;
      const reasons = scarcest(bySlot[slot.index] ?? [], at, room);
      because = sum < atMost ? reasons : together(because, reasons);
      atMost = sum;
    }
    for (const { classId, because: reasons, wanting, asked } of contested) {
      const providers = new Set(wanting.flatMap(({ index }) => options[index] ?? NONE));
      let free = 0;
      for (const provider of providers) free += room(provider, classId);
      const bound = Math.floor(free / asked);
      if (bound > atMost) continue;
      because = bound < atMost ? reasons : together(because, reasons);
      atMost = bound;
    }
    for (const { slot, groups, because: reasons } of apart) {
      const each = (options[slot.index] ?? NONE).map((option) => copies(option, slot, room));
      const bound = mostApart(each, groups);
      if (bound > atMost) continue;
      because = bound < atMost ? reasons : together(because, reasons);
      atMost = bound;
    }
    return { atMost, because };
  }

  return {
    conditions,
    prove,
    sumOf,
    independent,
    isExact: ({ tree, sharers }) =>
      slots.length === 1 || independent || isolated || (alone && sharers.length === 0 && tree.members.length === 1),
  };
}

function copies(option: Provider, slot: Slot, room: FreeUnits): number {
  if (room === freeOf) return copiesOf(option, slot.resources);
  let least = Infinity;
  for (const { resourceClass, amount } of slot.resources) {
    least = Math.min(least, Math.floor(room(option, resourceClass.id) / amount));
  }
  return least;
}

function sumOfCopies(slot: Slot, options: readonly Provider[], room: FreeUnits): number {
  let sum = 0;
  for (const option of options) sum += copies(option, slot, room);
  return sum;
}

const NONE: readonly Provider[] = [];

/** Lists of at least this length are mostly those of pools, which many trees have. Their sums are kept. */
const LONG = 8;

/** Joins two lists, with each condition once. */
function together(some: readonly AmountCondition[], more: readonly AmountCondition[]): readonly AmountCondition[] {
  return [...new Set([...some, ...more])];
}

/** Returns the conditions of a slot for which these options have the fewest copies. */
export function scarcest(
  conditions: readonly AmountCondition[],
  options: readonly Provider[],
  room: FreeUnits = freeOf,
): readonly AmountCondition[] {
  if (conditions.length < 2) return conditions;
  const copies = conditions.map(({ resourceClass, amount }) =>
    options.reduce((sum, option) => sum + Math.floor(room(option, resourceClass.id) / amount), 0),
  );
  const least = Math.min(...copies);
  return conditions.filter((_, i) => copies[i] === least);
}

interface Apart {
  /** The slot of one of the equal groups. It represents all of them. */
  readonly slot: Slot;
  readonly groups: number;
  readonly because: readonly AmountCondition[];
}

/** Suffixed groups that ask for the same and must have different providers. */
function equalGroupsApart({ slots, request }: Plan, conditions: readonly AmountCondition[]): Apart[] {
  if (request.groupPolicy !== 'isolate') return [];
  const apart = slots.filter(({ suffixed, resources }) => suffixed && resources.length > 0);
  return apart.flatMap((slot) => {
    const alike = apart.filter(({ kind }) => kind === slot.kind);
    if (alike[0] !== slot || alike.length < 2) return [];
    const because = alike.flatMap((one) => conditionsOfSlot(conditions, one));
    return [{ slot, groups: alike.length, because }];
  });
}

/**
 * Returns the largest k such that k requests can be served when each needs `groups` different providers. A provider serves each request at
 * most once, so it counts as min(copies, k).
 */
function mostApart(copies: readonly number[], groups: number): number {
  const serves = (k: number): boolean => copies.reduce((sum, each) => sum + Math.min(each, k), 0) >= groups * k;
  let [low, high] = [0, Math.floor(copies.reduce((sum, each) => sum + each, 0) / groups)];
  while (low < high) {
    const middle = low + Math.ceil((high - low) / 2);
    if (serves(middle)) low = middle;
    else high = middle - 1;
  }
  return low;
}

/** Returns which of the exact cases of the contract a request belongs to, as far as that is the same for all trees. */
function structureOf(
  plan: Plan,
  isContested: boolean,
): {
  /** C1, C2, C3: no rule and no class connects two slots. */
  readonly independent: boolean;
  /** C4: only equal groups are connected, because they must have different providers. */
  readonly isolated: boolean;
  /** C1 at a lone host: one unsuffixed group, which one provider serves completely. */
  readonly alone: boolean;
} {
  const { slots, request, unsuffixed } = plan;
  const suffixed = slots.filter((slot) => slot.suffixed);
  const hasRules =
    !request.nested ||
    subtreesOf(plan).length > 0 ||
    slots.some(({ resources }) => resources.length === 0) ||
    (unsuffixed !== null && unsuffixed.requiredTraits.length > 0 && unsuffixed.resources.length > 1);
  const independent = !hasRules && !isContested && (request.groupPolicy !== 'isolate' || suffixed.length < 2);
  const alike = suffixed.every(({ kind }) => kind === suffixed[0]?.kind);
  const classes = new Set(suffixed.flatMap(({ resources }) => resources.map(({ resourceClass }) => resourceClass.id)));
  const apart = slots.every(
    (slot) => slot.suffixed || slot.resources.every((one) => !classes.has(one.resourceClass.id)),
  );
  return {
    independent,
    isolated: !hasRules && request.groupPolicy === 'isolate' && suffixed.length > 1 && alike && apart,
    alone: request.groups.length === 1 && unsuffixed !== null,
  };
}
