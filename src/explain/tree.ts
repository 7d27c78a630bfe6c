import type { Provider, Tree } from '../topology/model.js';
import type { Variant } from './variant.js';
import { override } from './variant.js';
import { NONE, type Evaluator, type EvaluatedSlot, type Mask, type Verdict } from './evaluate.js';

/** A provider that can be picked for a slot and has inventories of its classes, with any usage. */
export interface SlotOption {
  readonly provider: Provider;
  readonly verdict: Verdict;
}

/** A tree that is not a lone host, with the options at its root. */
export interface EvaluatedTree {
  readonly tree: Tree;
  readonly root: Provider;
  /** Providers of other trees that share with this tree and have the classes of a slot. */
  readonly sharers: readonly Provider[];
  /** The conditions of root_required that the root fails. */
  readonly rootFails: Mask;
  /** The options of each slot, by index of the slot. */
  readonly options: readonly (readonly SlotOption[])[];
}

export function evaluateTree(
  evaluator: Evaluator,
  tree: Tree,
  root: Provider,
  sharers: readonly Provider[],
): EvaluatedTree {
  const options = evaluator.slots.map((slot) => {
    const found: SlotOption[] = [];
    for (const provider of pickable({ tree, sharers })) {
      const verdict = evaluator.verdict(slot, provider, root);
      if (verdict.lacks === NONE) found.push({ provider, verdict });
    }
    return found;
  });
  return { tree, root, sharers, rootFails: evaluator.rootFails(root), options };
}

export function* pickable({ tree, sharers }: Pick<EvaluatedTree, 'tree' | 'sharers'>): Generator<Provider, void, void> {
  yield* tree.members;
  yield* sharers;
}

/** Whether every slot has an option. */
export function hasOptions({ options }: EvaluatedTree): boolean {
  return options.every((list) => list.length > 0);
}

/** Whether an option meets every active condition. It does not check required traits that several providers meet together; the search does. */
export function passes(
  evaluator: Evaluator,
  slot: EvaluatedSlot,
  { provider, verdict }: SlotOption,
  variant: Variant,
  whateverIsUsed = false,
): boolean {
  const { lacks, other, missingTraits, ownMember, rootMember } = verdict;
  const { active } = variant;
  if (lacks !== NONE && (!variant.withoutClasses || (lacks & active) !== NONE)) return false;
  if ((other & active) !== NONE) return false;
  const together = slot.traitsTogether && (!variant.withoutClasses || slotsLeft(evaluator, slot, variant) > 1);
  if (!together && (missingTraits & active) !== NONE) return false;
  if ((ownMember & active) !== NONE && (rootMember & active) !== NONE) return false;
  const room = ((whateverIsUsed ? NONE : verdict.capacity) | verdict.units) & ~lacks & active;
  return variant.override === null
    ? room === NONE
    : override(evaluator, slot, provider, room, variant.override) === NONE;
}

/** The number of slots of the unsuffixed group with an active condition. */
function slotsLeft({ slots }: Evaluator, { group }: EvaluatedSlot, { active }: Variant): number {
  return slots.filter((slot) => slot.group === group && slot.resources.some((one) => (active >> BigInt(one)) & 1n))
    .length;
}

/**
 * Whether each slot has an option that passes, and the root passes. If not, no search is needed.
 *
 * @param whateverIsUsed true to ignore capacity
 */
export function mayFit(
  evaluator: Evaluator,
  { rootFails, options }: EvaluatedTree,
  variant: Variant,
  whateverIsUsed = false,
): boolean {
  if ((rootFails & variant.active) !== NONE) return false;
  // Without classes, providers that are not in `options` may serve a slot, so only the search can decide.
  if (variant.withoutClasses) return true;
  for (const slot of evaluator.slots) {
    if (!(options[slot.index] ?? []).some((option) => passes(evaluator, slot, option, variant, whateverIsUsed)))
      return false;
  }
  return true;
}
