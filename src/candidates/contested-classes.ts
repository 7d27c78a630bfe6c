import { inventoryOf, type Provider } from '../topology/model.js';
import type { Plan, Slot } from './plan.js';
import type { ResourceAmount } from './request.js';

/** Ids of the classes that several slots ask for. Only the amounts of these classes add up. */
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

/** The most that one candidate may take of a class: the free amount, but not more than max_unit. */
export function freeRoom(provider: Provider, classId: number): number {
  const inventory = inventoryOf(provider, classId);
  if (inventory === undefined) return 0;
  return Math.min(Math.trunc(inventory.capacity) - inventory.used, inventory.maxUnit);
}

export function amountOf(resources: readonly ResourceAmount[], classId: number): number {
  for (const { resourceClass, amount } of resources) if (resourceClass.id === classId) return amount;
  return 0;
}

/** Returns for each slot, by its index, its share of the requested amounts, added up over all contested classes. */
export function weightsOf(plan: Plan): number[] {
  const weights = plan.slots.map(() => 0);
  for (const classId of contestedClasses(plan)) {
    const amounts = plan.slots.map((slot: Slot) => amountOf(slot.resources, classId));
    const total = amounts.reduce((sum, amount) => sum + amount, 0);
    for (const [index, amount] of amounts.entries()) weights[index] = (weights[index] ?? 0) + amount / total;
  }
  return weights;
}
