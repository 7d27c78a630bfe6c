import { jsonFloat } from '../../http/json.js';
import type { Inventory, Provider } from '../../topology/model.js';
import { perProvider } from '../render.js';
import type { InventoryNumbers } from '../../domain/inventory.js';

/** The members of an inventory without braces. Ratios are floats, so a stored 1 is shown as 1.0. */
function members(record: InventoryNumbers): string {
  return (
    `"total": ${record.total}, "reserved": ${record.reserved}, "min_unit": ${record.min_unit}, ` +
    `"max_unit": ${record.max_unit}, "step_size": ${record.step_size}, ` +
    `"allocation_ratio": ${jsonFloat(record.allocation_ratio)}`
  );
}

function toRecord(inventory: Inventory): InventoryNumbers {
  return {
    total: inventory.total,
    reserved: inventory.reserved,
    min_unit: inventory.minUnit,
    max_unit: inventory.maxUnit,
    step_size: inventory.stepSize,
    allocation_ratio: inventory.allocationRatio,
  };
}

/** The JSON of one inventory. */
export function renderInventory(record: InventoryNumbers, generation: number): string {
  return `{${members(record)}, "resource_provider_generation": ${generation}}`;
}

export function renderInventoryOf(provider: Provider, inventory: Inventory): string {
  return renderInventory(toRecord(inventory), provider.generation);
}

/** The JSON of all inventories of a provider, by class name. */
export function renderInventories(records: Iterable<readonly [string, InventoryNumbers]>, generation: number): string {
  const items = Array.from(records, ([name, record]) => `"${name}": {${members(record)}}`);
  return `{"resource_provider_generation": ${generation}, "inventories": {${items.join(', ')}}}`;
}

/** The same for a provider of the topology. The JSON is kept until the provider changes. */
export const renderInventoriesOf = perProvider(({ inventories, generation }) =>
  renderInventories(
    inventories.map((inventory) => [inventory.resourceClass.name, toRecord(inventory)]),
    generation,
  ),
);
