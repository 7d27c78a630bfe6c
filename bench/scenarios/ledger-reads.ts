import { randomUUID } from 'node:crypto';
import { reading, type Request, type Scenario } from '../scenario.js';
import { createRoomyNodes } from '../world.js';
import { claimOn, readingAndClaiming } from './claims.js';

const HOSTS = 20;
const CONSUMERS = 1000;

/** Claims spread over some hosts, all of one project. */
async function claimed(
  client: Parameters<Scenario['prepare']>[0],
  project: string = randomUUID(),
): Promise<{ hosts: readonly string[]; claims: Request[] }> {
  const hosts = await createRoomyNodes(client, HOSTS);
  const claims = Array.from({ length: CONSUMERS }, (_, i) => claimOn(hosts[i % HOSTS]!, project));
  await client.sendAll(claims, 'claims');
  return { hosts, claims };
}

export const allocationsByConsumer: Scenario = {
  name: 'allocations-by-consumer',
  about: 'GET of the three allocations of one of 1,000 consumers',
  aim: 30,
  bare: true,
  prepare: async (client) => reading((await claimed(client)).claims.map(({ path }) => path)),
};

export const allocationsByProvider: Scenario = {
  name: 'allocations-by-provider',
  about: 'GET of the allocations of one of 20 providers, 50 consumers each',
  aim: 30,
  bare: true,
  prepare: async (client) =>
    reading((await claimed(client)).hosts.map((uuid) => `/resource_providers/${uuid}/allocations`)),
};

export const providerUsages: Scenario = {
  name: 'provider-usages',
  about: 'GET of the usages of one of 20 providers',
  aim: 30,
  bare: true,
  prepare: async (client) => reading((await claimed(client)).hosts.map((uuid) => `/resource_providers/${uuid}/usages`)),
};

export const projectUsages: Scenario = {
  name: 'project-usages',
  about: 'GET of the usages of a project with 1,000 consumers',
  aim: 30,
  bare: true,
  prepare: async (client) => {
    const project = randomUUID();
    await claimed(client, project);
    // From 1.38 on the reference returns 500 on PostgreSQL.
    return reading([`/usages?project_id=${project}`], '1.37');
  },
};

export const projectUsagesChanging: Scenario = {
  name: 'project-usages-changing',
  about: 'the same, and every tenth request creates or removes a consumer of the project',
  aim: 6,
  bare: false,
  prepare: async (client) => {
    const project = randomUUID();
    const { hosts } = await claimed(client, project);
    const read: Request = { method: 'GET', path: `/usages?project_id=${project}`, version: '1.37' };
    return readingAndClaiming(read, hosts, project);
  },
};
