import type { ResourceAmount } from '../candidates/request.js';
import { inventoryOf, type Provider } from '../topology/model.js';

/** Returns the whole free units of a class on a provider; 0 when it has no inventory of the class or is over-committed. */
export function freeOf(provider: Provider, classId: number): number {
  const inventory = inventoryOf(provider, classId);
  return inventory === undefined ? 0 : Math.max(0, Math.floor(inventory.capacity) - inventory.used);
}

/**
 * Returns how many times an option can serve its slot. The limits min_unit, max_unit and step_size hold for each request alone, so an
 * option meets them for all requests or for none. Infinity for a resourceless group.
 */
export function copiesOf(option: Provider, resources: readonly ResourceAmount[]): number {
  let least = Infinity;
  for (const { resourceClass, amount } of resources) {
    const copies = Math.floor(freeOf(option, resourceClass.id) / amount);
    if (copies < least) least = copies;
  }
  return least;
}
