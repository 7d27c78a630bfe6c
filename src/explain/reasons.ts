import { inventoryOf, type Provider } from '../topology/model.js';
import type { Condition } from './conditions.js';
import { failing, NONE, positionsOf, sizeOf, type Evaluator, type EvaluatedSlot, type Mask } from './evaluate.js';
import type { LoneKind } from './lone-hosts.js';
import { freeOf, MISFIT, misfitCode, shortfallOf } from './misfit.js';
import { hasOptions, pickable, type EvaluatedTree, type SlotOption } from './tree.js';

export const REASON_CODES = [
  'no_inventory',
  'capacity',
  'min_unit',
  'max_unit',
  'step_size',
  'missing_trait',
  'forbidden_trait',
  'not_in_aggregate',
  'in_forbidden_aggregate',
  'other_tree',
  'root_missing_trait',
  'root_forbidden_trait',
  'sum',
  'isolate',
  'same_subtree',
  'traits_together',
  'one_provider_per_tree',
  'not_found',
] as const;

export type Code = (typeof REASON_CODES)[number];

/** Why a tree does not fit. The details are computed only when the response shows the reason. */
export interface Reason {
  /** Position of the condition; null for `not_found`. */
  readonly condition: number | null;
  readonly code: Code;
  /** The nearest option for the slot, or the root; null when the reason is not about one provider. */
  readonly provider: Provider | null;
  /** With `capacity`: the free amount in the whole tree. Set only when it would be enough, but is not on one provider. */
  readonly treeFree?: number;
}

export const NOT_FOUND: Reason = { condition: null, code: 'not_found', provider: null };

const CODES: Readonly<Record<Exclude<Condition['kind'], 'resources'>, Code>> = {
  required: 'missing_trait',
  forbidden: 'forbidden_trait',
  member_of: 'not_in_aggregate',
  forbidden_aggregates: 'in_forbidden_aggregate',
  in_tree: 'other_tree',
  root_required: 'root_missing_trait',
  root_forbidden: 'root_forbidden_trait',
  group_policy: 'isolate',
  same_subtree: 'same_subtree',
  version: 'one_provider_per_tree',
};

/** The codes of a condition on resources, by the bits of {@link MISFIT}. */
export function roomCodes(code: number): Code[] {
  if ((code & MISFIT.lacking) !== 0) return ['no_inventory'];
  const codes: Code[] = [];
  if ((code & MISFIT.capacity) !== 0) codes.push('capacity');
  if ((code & MISFIT.minUnit) !== 0) codes.push('min_unit');
  if ((code & MISFIT.maxUnit) !== 0) codes.push('max_unit');
  if ((code & MISFIT.stepSize) !== 0) codes.push('step_size');
  return codes;
}

export function codeOf(kind: Exclude<Condition['kind'], 'resources'>): Code {
  return CODES[kind];
}

/** The reasons for the conditions of a mask at one provider. */
function reasonsAt({ conditions }: Evaluator, mask: Mask, provider: Provider): Reason[] {
  return positionsOf(mask).flatMap((condition): Reason[] => {
    const asked = conditions[condition];
    if (asked === undefined) return [];
    if (asked.kind !== 'resources') {
      const isConstraint = asked.kind === 'group_policy' || asked.kind === 'same_subtree' || asked.kind === 'version';
      return [{ condition, code: CODES[asked.kind], provider: isConstraint ? null : provider }];
    }
    const code = misfitCode(inventoryOf(provider, asked.resourceClass.id), asked.amount);
    return roomCodes(code).map((one) => ({ condition, code: one, provider }));
  });
}

/** All conditions that a lone host fails. Constraints between groups count only when it fails no other condition. */
export function loneMask({ fails, constraints }: LoneKind): Mask {
  return fails === NONE ? constraints : fails;
}

export function reasonsOfHost(evaluator: Evaluator, kind: LoneKind, host: Provider): Reason[] {
  return reasonsAt(evaluator, loneMask(kind), host);
}

/** The number of reasons of each host of a kind. */
export function countOfKind(kind: LoneKind): number {
  const ofRoom = kind.codes.reduce((sum, code) => sum + roomCodes(code).length, 0);
  const failingRoom = kind.codes.filter((code) => code !== 0).length;
  return sizeOf(loneMask(kind)) - failingRoom + ofRoom;
}

/** The shortfalls of the hosts that fail the same conditions. */
export function shortfalls({ conditions }: Evaluator, mask: Mask): (host: Provider) => number {
  const failing = positionsOf(mask).map((position) => conditions[position]);
  const asked = failing.flatMap((one) => (one?.kind === 'resources' ? [one] : []));
  if (asked.length < failing.length) return () => Infinity;
  return (host) => {
    let worst = 1;
    for (const { resourceClass, amount } of asked) {
      const inventory = inventoryOf(host, resourceClass.id);
      worst = Math.max(worst, shortfallOf(inventory, amount, misfitCode(inventory, amount)));
    }
    return worst;
  };
}

/** The shortfall of a set of failing conditions at one provider. It is infinite when one of them is not a condition on resources. */
export function shortfallAt(evaluator: Evaluator, mask: Mask, provider: Provider): number {
  return shortfalls(evaluator, mask)(provider);
}

/**
 * Returns the conditions that the slots and the root of a tree fail. For a slot, the option with the fewest failing conditions counts.
 * Returns nothing when each slot has an option by itself. Then constraints between groups are the reason.
 */
export function reasonsOfSlots(evaluator: Evaluator, tree: EvaluatedTree): Reason[] {
  const reasons = evaluator.slots.flatMap((slot) => {
    const nearest = nearestOption(evaluator, slot, tree);
    if (nearest === null) return [];
    const ofSlot = reasonsAt(evaluator, failing(slot, nearest.verdict), nearest.provider);
    return ofSlot.map((reason) => withTreeFree(evaluator, slot, tree, reason));
  });
  const together = positionsOf(missingTogether(evaluator, tree)).map((condition): Reason => ({
    condition,
    code: 'missing_trait',
    provider: null,
  }));
  const seen = new Set<string>();
  return [...reasons, ...together, ...reasonsAt(evaluator, tree.rootFails, tree.root)]
    .filter(({ condition, code }) => {
      const key = `${condition ?? ''} ${code}`;
      if (seen.has(key)) return false;
      seen.add(key);
      return true;
    })
    .sort((a, b) => (a.condition ?? 0) - (b.condition ?? 0));
}

/** Returns the nearest of the options of a slot, or the nearest of all providers when the slot has no option. */
function nearestOption(evaluator: Evaluator, slot: EvaluatedSlot, tree: EvaluatedTree): SlotOption | null {
  const listed = tree.options[slot.index] ?? [];
  const options =
    listed.length > 0
      ? listed
      : Array.from(pickable(tree), (provider) => ({ provider, verdict: evaluator.verdict(slot, provider, tree.root) }));
  let best: { readonly option: SlotOption; readonly size: number; readonly shortfall: number } | null = null;
  for (const option of options) {
    const mask = failing(slot, option.verdict);
    const size = sizeOf(mask);
    if (best !== null && size > best.size) continue;
    const shortfall = shortfallAt(evaluator, mask, option.provider);
    const isBetter =
      best === null ||
      size < best.size ||
      shortfall < best.shortfall ||
      (shortfall === best.shortfall && option.provider.id < best.option.provider.id);
    if (isBetter) best = { option, size, shortfall };
  }
  return best?.option ?? null;
}

/** Returns the required traits of the unsuffixed group that no option of its slots has. */
function missingTogether(evaluator: Evaluator, tree: EvaluatedTree): Mask {
  const together = evaluator.slots.filter(({ traitsTogether }) => traitsTogether);
  const [first] = together;
  if (first === undefined) return NONE;
  const options = together.flatMap(({ index }) => tree.options[index] ?? []);
  const verdicts =
    options.length > 0
      ? options.map((option) => option.verdict)
      : Array.from(pickable(tree), (provider) => evaluator.verdict(first, provider, tree.root));
  return verdicts.reduce((mask, { missingTraits }) => mask & missingTraits, verdicts[0]?.missingTraits ?? NONE);
}

function withTreeFree({ conditions }: Evaluator, slot: EvaluatedSlot, tree: EvaluatedTree, reason: Reason): Reason {
  if (reason.code !== 'capacity' || reason.condition === null) return reason;
  const asked = conditions[reason.condition];
  if (asked?.kind !== 'resources') return reason;
  let treeFree = 0;
  for (const { provider } of tree.options[slot.index] ?? []) {
    const inventory = inventoryOf(provider, asked.resourceClass.id);
    if (inventory !== undefined && provider.rootId === tree.tree.rootId) treeFree += Math.max(freeOf(inventory), 0);
  }
  return treeFree >= asked.amount ? { ...reason, treeFree } : reason;
}

/** Whether a tree has an option for every slot. If no tree has, survey.ts counts trees with an inventory of any requested class instead. */
export function isRelevantTree(evaluator: Evaluator, tree: EvaluatedTree): boolean {
  return hasOptions(tree) && !evaluator.slots.some(({ group }) => evaluator.impossible(group));
}
