import { inventoryOf, type Provider } from '../topology/model.js';
import { bit, type Evaluator, type EvaluatedSlot, type Mask } from './evaluate.js';
import { misfitCode } from './misfit.js';

/**
 * The request with something changed. A condition on resources that does not count means that an inventory of the class is
 * enough, however full.
 */
export interface Variant {
  /** The conditions that count. */
  readonly active: Mask;
  /** Another amount of one condition on resources. */
  readonly override: { readonly condition: number; readonly amount: number } | null;
  /** A class whose amounts in several groups are not added up. */
  readonly withoutSum: number | null;
  /** Where no tree has inventories of all classes: a condition on resources that does not count asks for no inventory, either. */
  readonly withoutClasses: boolean;
}

export function variantOf(active: Mask, more: Partial<Variant> = {}): Variant {
  return { active, override: null, withoutSum: null, withoutClasses: false, ...more };
}

/** The conditions on resources that fail, when one has another amount. */
export function override(
  { conditions }: Evaluator,
  slot: EvaluatedSlot,
  provider: Provider,
  failing: Mask,
  { condition, amount }: NonNullable<Variant['override']>,
): Mask {
  const asked = conditions[condition];
  if (asked?.kind !== 'resources' || !slot.resources.includes(condition)) return failing;
  const fits = misfitCode(inventoryOf(provider, asked.resourceClass.id), amount) === 0;
  return fits ? failing & ~bit(condition) : failing | bit(condition);
}
