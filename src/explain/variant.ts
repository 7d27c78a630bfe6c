import { inventoryOf, type Provider } from '../topology/model.js';
import { bit, type Evaluator, type EvaluatedSlot, type Mask } from './evaluate.js';
import { misfitCode } from './misfit.js';

/**
 * A variant of the request. A condition on resources that is not active still requires an inventory of the class, with any usage.
 */
export interface Variant {
  /** The active conditions. */
  readonly active: Mask;
  /** Another amount for one condition on resources. */
  readonly override: { readonly condition: number; readonly amount: number } | null;
  /** A class whose amounts in several groups are not added up. */
  readonly withoutSum: number | null;
  /** True when no tree has inventories of all classes. A condition on resources that is not active then requires no inventory, either. */
  readonly withoutClasses: boolean;
}

export function variantOf(active: Mask, more: Partial<Variant> = {}): Variant {
  return { active, override: null, withoutSum: null, withoutClasses: false, ...more };
}

/** Updates the failing conditions for the other amount of a variant. */
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
