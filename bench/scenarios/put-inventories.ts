import type { Scenario } from '../scenario.js';
import { COMPUTE_INVENTORIES, createComputeNodes, putInventories } from '../world.js';

/**
 * What a compute node's agent does when its hardware changes. Every connection has a provider to itself, whose generation
 * it knows from the response before, and every write changes something: equal values could be a shortcut.
 */
export const putInventoriesScenario: Scenario = {
  name: 'put-inventories',
  about: 'PUT of three inventories, each connection to a provider of its own',
  aim: 8,
  bare: false,
  async prepare(client) {
    const uuids = await createComputeNodes(client, 200);
    const generations = uuids.map(() => 1);
    return (connection) => {
      const uuid = uuids[connection]!;
      return {
        next() {
          const generation = generations[connection]!;
          const memory = { ...COMPUTE_INVENTORIES.MEMORY_MB, reserved: 4096 + (generation % 2) };
          return putInventories(uuid, generation, { ...COMPUTE_INVENTORIES, MEMORY_MB: memory });
        },
        responded(status, body) {
          if (status !== 200) return false;
          const response = JSON.parse(body()) as { resource_provider_generation: number };
          generations[connection] = response.resource_provider_generation;
          return true;
        },
      };
    };
  },
};
