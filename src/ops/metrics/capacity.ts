import { setImmediate } from 'node:timers/promises';
import type { Inventory, Provider, View } from '../../topology/model.js';

/** The gauges have the names and labels of openstack-exporter, which the dashboards of OpenStack clouds use. */
const GAUGES: readonly (readonly [name: string, help: string, read: (one: Inventory, of: Provider) => number])[] = [
  ['total', 'Inventory of a resource class.', (one) => one.total],
  ['reserved', 'Part of the inventory that is kept from allocations.', (one) => one.reserved],
  ['allocation_ratio', 'How often the rest may be promised.', (one) => one.allocationRatio],
  ['usage', 'What is allocated.', (one) => one.used],
  ['generation', 'Generation of the provider.', (_, provider) => provider.generation],
];

/** The number of providers that are rendered before the event loop runs. */
const AT_ONCE = 500;

/**
 * Renders capacity and usage of providers in the text format of Prometheus. The label `hostname` is the provider, and `resourcetype` the
 * resource class. When there are more providers than `limit`, those with the highest ids are left out and counted.
 */
export async function renderCapacity(view: View | null, limit: number): Promise<string> {
  // The list is made before the first pause, and the providers in it never change.
  const stocked = view === null ? [] : [...view.providers.values()].filter((one) => one.inventories.length > 0);
  const shown = stocked.sort((a, b) => a.id - b.id).slice(0, limit);
  const pieces = [
    '# HELP stockroom_capacity_providers_left_out Providers with inventory that [stockroom] capacity_metrics_limit leaves out.',
    '# TYPE stockroom_capacity_providers_left_out gauge',
    `stockroom_capacity_providers_left_out ${stocked.length - shown.length}`,
  ];
  for (const [name, help, read] of GAUGES) {
    const metric = `openstack_placement_resource_${name}`;
    pieces.push(`# HELP ${metric} ${help}`, `# TYPE ${metric} gauge`);
    for (let start = 0; start < shown.length; start += AT_ONCE) {
      pieces.push(linesOf(shown.slice(start, start + AT_ONCE), metric, read));
      await setImmediate();
    }
  }
  return `${pieces.join('\n')}\n`;
}

function linesOf(
  providers: readonly Provider[],
  metric: string,
  read: (inventory: Inventory, provider: Provider) => number,
): string {
  const lines: string[] = [];
  for (const provider of providers) {
    const start = `${metric}{hostname="${escaped(provider.name)}",resourcetype="`;
    for (const inventory of provider.inventories) {
      lines.push(`${start}${inventory.resourceClass.name}"} ${read(inventory, provider)}`);
    }
  }
  return lines.join('\n');
}

function escaped(name: string): string {
  if (!/[\\"\n]/.test(name)) return name;
  return name.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n');
}
