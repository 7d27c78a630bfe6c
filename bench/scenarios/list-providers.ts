import { reading, type Scenario } from '../scenario.js';
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
