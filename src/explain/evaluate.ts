import { hasAnyTrait, isInAny, remember } from '../candidates/conditions.js';
import type { CandidatesRequest } from '../candidates/request.js';
import { hasTrait, inventoryOf, type Provider, type TraitSet, type View } from '../topology/model.js';
import type { Condition, ConditionOf } from './conditions.js';
import { MISFIT, misfitCode, UNITS } from './misfit.js';

/**
 * Evaluates every condition of a request at a provider. Sets of conditions are bit masks: bit i stands for the condition at
 * position i, and a set bit for a condition that fails.
 */
export type Mask = bigint;

/** A slot, for which the search picks one provider, as in candidates/plan.ts: a suffixed group, or one class of the unsuffixed group. */
export interface EvaluatedSlot {
  readonly index: number;
  /** Position of its group in the request. */
  readonly group: number;
  readonly suffixed: boolean;
  /** Whether the providers of several slots have the required traits together. */
  readonly traitsTogether: boolean;
  /** Positions of its conditions on resources. */
  readonly resources: readonly number[];
}

/** The conditions of a group that a provider fails in a slot at an anchor. */
export interface Verdict {
  /** Conditions on resources without an inventory. */
  readonly lacks: Mask;
  readonly capacity: Mask;
  /** min_unit, max_unit, step_size. */
  readonly units: Mask;
  readonly missingTraits: Mask;
  /** Forbidden traits and aggregates, in_tree. */
  readonly other: Mask;
  /** The member_of that the provider itself fails. */
  readonly ownMember: Mask;
  /** The member_of that the root fails in place of the provider; the same as `ownMember` when the root does not count. */
  readonly rootMember: Mask;
}

export interface Evaluator {
  readonly request: CandidatesRequest;
  readonly conditions: readonly Condition[];
  readonly slots: readonly EvaluatedSlot[];
  /** All conditions. */
  readonly all: Mask;
  /** Returns all conditions of a kind. */
  readonly ofKind: (kind: Condition['kind']) => Mask;
  /** Whether no provider can serve a group: see `isImpossible` in candidates/plan.ts. */
  readonly impossible: (group: number) => boolean;
  verdict(slot: EvaluatedSlot, provider: Provider, root: Provider): Verdict;
  /** The conditions of root_required that a root fails. */
  rootFails(root: Provider): Mask;
  /** The conditions on traits, aggregates and in_tree that a lone host fails, over all groups and the root. */
  readonly traitsOfHost: (set: TraitSet) => Mask;
  readonly aggregatesOfHost: (aggregates: readonly string[]) => Mask;
  readonly treeOfHost: (host: Provider) => Mask;
}

export const NONE: Mask = 0n;

const BITS: Mask[] = [];

export function bit(position: number): Mask {
  return (BITS[position] ??= 1n << BigInt(position));
}

export function positionsOf(mask: Mask): number[] {
  const positions: number[] = [];
  for (let position = 0, rest = mask; rest !== NONE; position++, rest >>= 1n) {
    if ((rest & 1n) !== NONE) positions.push(position);
  }
  return positions;
}

export function createEvaluator(view: View, request: CandidatesRequest, conditions: readonly Condition[]): Evaluator {
  const slots = slotsOf(request, conditions);
  const groups = request.groups.map((_, position) => groupEvaluator(view, request, conditions, position));
  const rootTraits = remember((set: TraitSet): Mask =>
    sum(conditions, (one) => {
      if (one.kind === 'root_required') return !hasTrait(set, one.trait);
      return one.kind === 'root_forbidden' && hasTrait(set, one.trait);
    }),
  );
  const kinds = new Map<Condition['kind'], Mask>();
  for (const [position, { kind }] of conditions.entries()) kinds.set(kind, (kinds.get(kind) ?? NONE) | bit(position));
  const over = (each: (group: GroupEvaluator) => Mask): Mask =>
    groups.reduce((mask, group) => mask | each(group), NONE);
  return {
    request,
    conditions,
    slots,
    all: (1n << BigInt(conditions.length)) - 1n,
    ofKind: (kind) => kinds.get(kind) ?? NONE,
    impossible: (group) => groups[group]?.impossible !== NONE,
    verdict: (slot, provider, root) =>
      verdictOf(slot, provider, root, conditions, groups[slot.group] as GroupEvaluator),
    rootFails: (root) => rootTraits(root.traits),
    traitsOfHost: remember((set: TraitSet) => rootTraits(set) | over((one) => one.missing(set) | one.forbidden(set))),
    aggregatesOfHost: remember((aggregates: readonly string[]) =>
      over((one) => one.notMember(aggregates) | one.banned(aggregates)),
    ),
    treeOfHost: (host) => over((one) => one.otherTree(host, host) | one.impossible),
  };
}

function slotsOf({ groups }: CandidatesRequest, conditions: readonly Condition[]): EvaluatedSlot[] {
  const slots: EvaluatedSlot[] = [];
  for (const [group, { suffix, resources }] of groups.entries()) {
    const own = [...conditions.keys()].filter((position) => {
      const condition = conditions[position];
      return condition?.group === group && condition.kind === 'resources';
    });
    const lists = suffix === '' ? own.map((position) => [position]) : [own];
    const suffixed = suffix !== '';
    const traitsTogether = !suffixed && resources.length > 1;
    for (const list of lists) slots.push({ index: slots.length, group, suffixed, traitsTogether, resources: list });
  }
  return slots;
}

/** The conditions of one group, each evaluated once for each interned set. */
interface GroupEvaluator {
  readonly missing: (set: TraitSet) => Mask;
  readonly forbidden: (set: TraitSet) => Mask;
  readonly notMember: (aggregates: readonly string[]) => Mask;
  readonly banned: (aggregates: readonly string[]) => Mask;
  readonly otherTree: (provider: Provider, root: Provider) => Mask;
  /** All conditions of the group when no provider can serve it, else none. */
  readonly impossible: Mask;
}

function groupEvaluator(
  view: View,
  request: CandidatesRequest,
  conditions: readonly Condition[],
  position: number,
): GroupEvaluator {
  const group = request.groups[position];
  const own = <Kind extends Condition['kind']>(kind: Kind) =>
    conditions.flatMap((one, i) =>
      one.group === position && one.kind === kind ? [{ ...(one as ConditionOf<Kind>), bit: bit(i) }] : [],
    );
  const or = <Item extends { readonly bit: Mask }>(items: readonly Item[], fails: (item: Item) => boolean): Mask =>
    items.reduce((mask, item) => (fails(item) ? mask | item.bit : mask), NONE);
  const evaluated = <Key extends object>(isAsked: boolean, evaluator: (key: Key) => Mask): ((key: Key) => Mask) =>
    isAsked ? remember(evaluator) : () => NONE;

  const [required, forbidden] = [own('required'), own('forbidden')];
  const members = own('member_of').map((one) => ({ bit: one.bit, anyOf: new Set(one.anyOf) }));
  const banned = own('forbidden_aggregates').map((one) => ({ bit: one.bit, uuids: new Set(one.aggregates) }));
  const trees = own('in_tree').map((one) => ({
    bit: one.bit,
    rootId: view.providerByUuid(one.uuid)?.rootId ?? null,
  }));
  const isResourceless = group?.resources.length === 0;
  const isSuffixed = group?.suffix !== '';
  const isImpossible = isResourceless && required.length + members.length === 0;
  return {
    missing: evaluated(required.length > 0, (set: TraitSet) => or(required, ({ anyOf }) => !hasAnyTrait(set, anyOf))),
    forbidden: evaluated(forbidden.length > 0, (set: TraitSet) => or(forbidden, ({ trait }) => hasTrait(set, trait))),
    notMember: evaluated(members.length > 0, (aggregates: readonly string[]) =>
      or(members, ({ anyOf }) => !isInAny(aggregates, anyOf)),
    ),
    banned: evaluated(banned.length > 0, (aggregates: readonly string[]) =>
      or(banned, ({ uuids }) => isInAny(aggregates, uuids)),
    ),
    otherTree(provider, root) {
      if (trees.length === 0) return NONE;
      return or(trees, ({ rootId }) => {
        // For a resourceless group, the provider of in_tree only has to exist, as upstream.
        if (rootId === null || isResourceless) return rootId === null;
        return provider.rootId !== rootId || (!isSuffixed && root.rootId !== rootId);
      });
    },
    impossible: isImpossible ? sum(conditions, (one) => one.group === position) : NONE,
  };
}

function verdictOf(
  slot: EvaluatedSlot,
  provider: Provider,
  root: Provider,
  conditions: readonly Condition[],
  group: GroupEvaluator,
): Verdict {
  let [lacks, capacity, units] = [NONE, NONE, NONE];
  for (const position of slot.resources) {
    const condition = conditions[position];
    if (condition?.kind !== 'resources') continue;
    const code = misfitCode(inventoryOf(provider, condition.resourceClass.id), condition.amount);
    if (code === 0) continue;
    if ((code & MISFIT.lacking) !== 0) lacks |= bit(position);
    if ((code & MISFIT.capacity) !== 0) capacity |= bit(position);
    if ((code & UNITS) !== 0) units |= bit(position);
  }
  const isAtHome = provider.rootId === root.rootId;
  const ownMember = group.notMember(provider.aggregates);
  return {
    lacks,
    capacity,
    units,
    missingTraits: group.missing(provider.traits),
    other:
      group.forbidden(provider.traits) |
      group.banned(provider.aggregates) |
      (slot.suffixed ? NONE : group.banned(root.aggregates)) |
      group.otherTree(provider, root) |
      group.impossible,
    ownMember,
    rootMember: !slot.suffixed && isAtHome ? group.notMember(root.aggregates) : ownMember,
  };
}

function sum(conditions: readonly Condition[], fails: (condition: Condition) => boolean): Mask {
  return conditions.reduce((mask, condition, i) => (fails(condition) ? mask | bit(i) : mask), NONE);
}

/**
 * Returns the conditions that fail. For member_of, the provider or the root must meet all conditions, so the one that fails fewer counts.
 * Required traits that several providers may meet together are left out.
 */
export function failing(slot: EvaluatedSlot, verdict: Verdict): Mask {
  const { lacks, capacity, units, other, missingTraits, ownMember, rootMember } = verdict;
  const member = sizeOf(rootMember) < sizeOf(ownMember) ? rootMember : ownMember;
  return lacks | capacity | units | other | member | (slot.traitsTogether ? NONE : missingTraits);
}

export function sizeOf(mask: Mask): number {
  let size = 0;
  for (let rest = mask; rest !== NONE; rest &= rest - 1n) size++;
  return size;
}
