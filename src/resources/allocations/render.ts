import { jsonString, toJson } from '../../http/json.js';
import type { Version } from '../../http/microversions.js';
import { inParts, type Divided } from '../../slices.js';
import type { ConsumerAllocations, ProviderAllocations } from './store.js';

/** The type that responses show for a consumer without a recorded type. */
export const UNKNOWN_CONSUMER_TYPE = 'unknown';

/** Renders the allocations of a consumer. A consumer without allocations is an empty object at every version. */
export function* renderConsumer(consumer: ConsumerAllocations | null, version: Version): Divided<string> {
  if (consumer === null) return '{"allocations": {}}';
  const byProvider = new Map<string, { resources: Record<string, number>; generation: number }>();
  yield* inParts(consumer.allocations, ([uuid, generation, className, used]) => {
    let held = byProvider.get(uuid);
    if (held === undefined) byProvider.set(uuid, (held = { resources: {}, generation }));
    held.resources[className] = used;
  });
  const allocations: string[] = [];
  yield* inParts(byProvider, ([uuid, held]) => void allocations.push(`${jsonString(uuid)}:${toJson(held)}`));
  const { projectId, userId, generation, type } = consumer;
  const more = toJson({
    ...(version.has('allocationsByProvider') ? { project_id: projectId, user_id: userId } : {}),
    ...(version.has('consumerGenerations') ? { consumer_generation: generation } : {}),
    ...(version.has('consumerTypes') ? { consumer_type: type ?? UNKNOWN_CONSUMER_TYPE } : {}),
  });
  return `{"allocations":{${allocations.join()}}${more === '{}' ? '' : ','}${more.slice(1)}`;
}

/** Renders the allocations from a provider, by consumer. */
export function* renderProviderAllocations(provider: ProviderAllocations, showGenerations: boolean): Divided<string> {
  const allocations: string[] = [];
  yield* inParts(provider.allocations, ([uuid, consumer_generation, resources]) => {
    const shown = showGenerations ? { resources, consumer_generation } : { resources };
    allocations.push(`${jsonString(uuid)}:${toJson(shown)}`);
  });
  return `{"allocations":{${allocations.join()}},"resource_provider_generation":${provider.generation}}`;
}
