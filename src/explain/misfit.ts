import type { Inventory } from '../topology/model.js';

/** The bits of the reasons why an amount does not fit an inventory. Several may be set. */
export const MISFIT = {
  capacity: 1,
  minUnit: 2,
  maxUnit: 4,
  stepSize: 8,
  /** There is no inventory of the class. */
  lacking: 16,
  /** Together with `capacity`: the amount would not fit even if nothing were used. */
  evenEmpty: 32,
} as const;

export const UNITS = MISFIT.minUnit | MISFIT.maxUnit | MISFIT.stepSize;

/** Returns the bits of {@link MISFIT} for an amount; 0 when it fits. */
export function misfitCode(inventory: Inventory | undefined, amount: number): number {
  if (inventory === undefined) return MISFIT.lacking;
  const { capacity, used, minUnit, maxUnit, stepSize } = inventory;
  let code = 0;
  if (used + amount > capacity) code = amount > capacity ? MISFIT.capacity | MISFIT.evenEmpty : MISFIT.capacity;
  if (amount < minUnit) code |= MISFIT.minUnit;
  if (amount > maxUnit) code |= MISFIT.maxUnit;
  if (amount % stepSize !== 0) code |= MISFIT.stepSize;
  return code;
}

/** The free part of the capacity; negative when more is used than the capacity. */
export function freeOf({ capacity, used }: Inventory): number {
  return Math.floor(capacity - used);
}

/** The largest amount up to `limit` that an inventory allows; 0 when it allows none. */
export function largestAmount(inventory: Inventory, limit = Infinity): number {
  const { minUnit, maxUnit, stepSize } = inventory;
  const most = Math.min(freeOf(inventory), maxUnit, limit);
  const amount = most - (most % stepSize);
  return amount >= Math.max(minUnit, 1) ? amount : 0;
}

/** The smallest amount above `amount` that an inventory allows; null when it allows none. */
export function smallestAbove(inventory: Inventory, amount: number): number | null {
  const { minUnit, maxUnit, stepSize } = inventory;
  const least = Math.ceil(Math.max(amount + 1, minUnit) / stepSize) * stepSize;
  return least <= Math.min(freeOf(inventory), maxUnit) ? least : null;
}

/** The factor between an amount and the nearest possible one. The largest factor of all reasons counts. 1 when the amount fits. */
export function shortfallOf(inventory: Inventory | undefined, amount: number, code: number): number {
  if (inventory === undefined) return Infinity;
  const { minUnit, maxUnit, stepSize } = inventory;
  let factor = 1;
  if ((code & MISFIT.capacity) !== 0) {
    const free = freeOf(inventory);
    factor = free > 0 ? amount / free : Infinity;
  }
  if ((code & MISFIT.minUnit) !== 0) factor = Math.max(factor, minUnit / amount);
  if ((code & MISFIT.maxUnit) !== 0) factor = Math.max(factor, amount / maxUnit);
  if ((code & MISFIT.stepSize) !== 0) {
    const below = amount - (amount % stepSize);
    factor = Math.max(factor, Math.min((below + stepSize) / amount, below === 0 ? Infinity : amount / below));
  }
  return factor;
}
