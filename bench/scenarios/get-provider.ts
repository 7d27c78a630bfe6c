import { reading, type Scenario } from '../scenario.js';
import { createComputeNodes } from '../world.js';

export const getProvider: Scenario = {
  name: 'get-provider',
  about: 'GET of one of 200 providers',
  aim: 40,
  bare: true,
  async prepare(client) {
    const uuids = await createComputeNodes(client, 200);
    return reading(uuids.map((uuid) => `/resource_providers/${uuid}`));
  },
};
