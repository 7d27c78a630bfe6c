import type { ResourceAmount } from '../candidates/request.js';
import { inventoryOf, type Provider } from '../topology/model.js';

/** Whole units of a class that a provider has free; 0 when it has no inventory of it or is over-committed. */
export function freeOf(provider: Provider, classId: number): number {
  const inventory = inventoryOf(provider, classId);
  return inventory === undefined ? 0 : Math.max(0, Math.floor(inventory.capacity) - inventory.used);
}

/**
 * How often an option can serve its slot. Unit limits hold for each request by itself, so an option meets them for all or for none.
 * Infinity for a resourceless group.
 */
export function copiesOf(option: Provider, resources: readonly ResourceAmount[]): number {
  let least = Infinity;
  for (const { resourceClass, amount } of resources) {
    const copies = Math.floor(freeOf(option, resourceClass.id) / amount);
    if (copies < least) least = copies;
  }
  return least;
}
