import { inventoryOf, type Provider } from '../topology/model.js';
import { bit, type Judge, type JudgedSlot, type Mask } from './judge.js';
import { roomCode } from './room.js';

/**
 * The request with something changed. A condition on resources that does not count means that an inventory of the class is
 * enough, however full.
 */
export interface Ask {
  /** The conditions that count. */
  readonly active: Mask;
  /** Another amount of one condition on resources. */
  readonly override: { readonly condition: number; readonly amount: number } | null;
  /** A class whose amounts in several groups are not added up. */
  readonly withoutSum: number | null;
  /** Where no tree has inventories of all classes: a condition on resources that does not count asks for no inventory, either. */
  readonly withoutClasses: boolean;
}

export function asking(active: Mask, more: Partial<Ask> = {}): Ask {
  return { active, override: null, withoutSum: null, withoutClasses: false, ...more };
}

/** The conditions on resources that fail, when one has another amount. */
export function override(
  { conditions }: Judge,
  slot: JudgedSlot,
  provider: Provider,
  failing: Mask,
  { condition, amount }: NonNullable<Ask['override']>,
): Mask {
  const asked = conditions[condition];
  if (asked?.kind !== 'resources' || !slot.resources.includes(condition)) return failing;
  const fits = roomCode(inventoryOf(provider, asked.resourceClass.id), amount) === 0;
  return fits ? failing & ~bit(condition) : failing | bit(condition);
}
