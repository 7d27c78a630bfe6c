import { reading, type Scenario } from '../scenario.js';
import { readingAndClaiming } from './claims.js';
import { createComputeNodes, deleteNodes } from '../world.js';

export const listProviders: Scenario = {
  name: 'list-providers',
  about: 'GET of all of 2,600 providers, 4 at a time',
  aim: 25,
  connections: 4,
  bare: true,
  async prepare(client) {
    const uuids = await createComputeNodes(client, 2600);
    return { conversations: reading(['/resource_providers']), cleanUp: () => deleteNodes(client, uuids) };
  },
};

/** Consumers stay on its hosts, which therefore cannot be deleted: it comes after the scenarios that see every provider. */
export const listProvidersChanging: Scenario = {
  name: 'list-providers-changing',
  about:
    'GET of 2,600 providers and those of the scenario before, 4 at a time, and every tenth request creates or removes a consumer',
  aim: 25,
  connections: 4,
  bare: false,
  async prepare(client) {
    const uuids = await createComputeNodes(client, 2600);
    return readingAndClaiming({ method: 'GET', path: '/resource_providers', version: '1.39' }, uuids);
  },
};
