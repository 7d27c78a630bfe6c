import { toJson } from '../../http/json.js';
import { perProvider } from '../render.js';
import { UNKNOWN_CONSUMER_TYPE } from '../allocations/render.js';
import type { Usage } from './store.js';

/** Renders the usage of every class with inventory, also of classes without usage. */
export const renderProviderUsages = perProvider(({ inventories, generation }) => {
  const usages = inventories.map(({ resourceClass, used }) => `"${resourceClass.name}": ${used}`);
  return `{"resource_provider_generation": ${generation}, "usages": {${usages.join(', ')}}}`;
});

/** Before 1.38: one sum for each class. */
export function renderTotals(usages: readonly Usage[]): string {
  return toJson({ usages: sumByClass(usages) });
}

/**
 * From 1.38 on: renders an entry for each consumer type, with `consumer_count` and the classes. When the client asks for one type, only that
 * entry; for `all`, one entry for all types together. Types and classes without usage have no entry.
 */
export function renderByType(usages: readonly Usage[], asked: string | undefined): string {
  const groups = new Map<string, Usage[]>();
  for (const usage of usages) {
    const name = asked === 'all' ? 'all' : (usage.type ?? UNKNOWN_CONSUMER_TYPE);
    if (asked === undefined || name === asked) groups.set(name, [...(groups.get(name) ?? []), usage]);
  }
  const entries = Array.from(groups, ([name, group]) => [
    name,
    { ...sumByClass(group), consumer_count: countConsumers(group) },
  ]);
  return toJson({ usages: Object.fromEntries(entries) as object });
}

function sumByClass(usages: readonly Usage[]): Record<string, number> {
  const sums: Record<string, number> = {};
  for (const { className, used } of usages) sums[className] = (sums[className] ?? 0) + used;
  return sums;
}

/** Adds the counts of all types. Each row of a type has the same count, and a consumer has one type. */
function countConsumers(usages: readonly Usage[]): number {
  const byType = new Map(usages.map(({ type, consumers }) => [type, consumers]));
  return [...byType.values()].reduce((sum, consumers) => sum + consumers, 0);
}
