import type { Provider } from '../../topology/model.js';
import { inParts, type Divided } from '../../slices.js';

/** The sums of a resource class over all providers. */
export interface ClassTotals {
  readonly name: string;
  /** The number of providers with an inventory of the class. */
  providers: number;
  total: number;
  reserved: number;
  /** The sum of the capacities, each truncated as in provider summaries. */
  capacity: number;
  used: number;
}

export interface Totals {
  /** In the order of their ids, so standard classes come first. */
  readonly classes: readonly ClassTotals[];
  /** The number of providers with an inventory whose usage is more than its capacity. */
  readonly overCapacity: number;
  readonly withoutInventory: number;
}

/** Whether the usage of some inventory of a provider is more than its capacity. */
export function isOverCapacity({ inventories }: Pick<Provider, 'inventories'>): boolean {
  return inventories.some(({ used, capacity }) => used > capacity);
}

/** Adds up the inventories of providers. */
export function* totalsOf(providers: readonly Provider[]): Divided<Totals> {
  const classes = new Map<number, ClassTotals>();
  let [overCapacity, withoutInventory] = [0, 0];
  yield* inParts(providers, (provider) => {
    const { inventories } = provider;
    if (inventories.length === 0) withoutInventory++;
    if (isOverCapacity(provider)) overCapacity++;
    for (const { resourceClass, total, reserved, capacity, used } of inventories) {
      let sums = classes.get(resourceClass.id);
      if (sums === undefined) {
        sums = { name: resourceClass.name, providers: 0, total: 0, reserved: 0, capacity: 0, used: 0 };
        classes.set(resourceClass.id, sums);
      }
      sums.providers++;
      sums.total += total;
      sums.reserved += reserved;
      sums.capacity += Math.trunc(capacity);
      sums.used += used;
    }
  });
  const ordered = [...classes].sort(([a], [b]) => a - b).map(([, sums]) => sums);
  return { classes: ordered, overCapacity, withoutInventory };
}
