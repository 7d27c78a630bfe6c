import { inventoryOf, type Provider } from '../topology/model.js';
import { bit, type Evaluator, type EvaluatedSlot, type Mask } from './evaluate.js';
import { misfitCode } from './misfit.js';

/**
 * A variant of the request. A condition on resources that does not count still requires an inventory of the class, however
 * full.
 */
export interface Variant {
  /** The conditions that count. */
  readonly active: Mask;
  /** Another amount of one condition on resources. */
  readonly override: { readonly condition: number; readonly amount: number } | null;
  /** A class whose amounts in several groups are not added up. */
  readonly withoutSum: number | null;
  /** True where no tree has inventories of all classes: then a condition on resources that does not count requires no inventory. */
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
