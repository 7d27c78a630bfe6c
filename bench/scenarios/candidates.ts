import { reading, type Request, type Scenario } from '../scenario.js';
import { readingAndClaiming } from './claims.js';
import { createComputeNodes, createNestedNodes, deleteNodes } from '../world.js';

const FLAT = '/allocation_candidates?resources=VCPU:1,MEMORY_MB:256,DISK_GB:10';

/** 1,000 flat hosts, as in upstream's own load test. They go afterwards, so that the next scenario has its world to itself. */
function flat(name: string, about: string, query: string, aim: number, connections: number): Scenario {
  return {
    name,
    about,
    aim,
    connections,
    bare: true,
    async prepare(client) {
      const uuids = await createComputeNodes(client, 1000);
      return { conversations: reading([FLAT + query]), cleanUp: () => deleteNodes(client, uuids) };
    },
  };
}

export const candidates: Scenario = flat('candidates', 'all of 1,000 flat hosts, 4 at a time', '', 60, 4);
export const candidatesLatency: Scenario = flat('candidates-latency', 'the same, one at a time', '', 40, 1);
export const candidatesLimit: Scenario = flat(
  'candidates-limit',
  '10 of 1,000 flat hosts, 16 at a time',
  '&limit=10',
  200,
  16,
);

/** Consumers stay on its hosts, which therefore cannot be deleted: it comes after the scenarios that see every provider. */
export const candidatesChanging: Scenario = {
  name: 'candidates-changing',
  about: 'all of 1,000 flat hosts, 4 at a time, and every tenth request creates or removes a consumer',
  aim: 40,
  connections: 4,
  bare: false,
  async prepare(client) {
    const uuids = await createComputeNodes(client, 1000);
    const read: Request = { method: 'GET', path: FLAT, version: '1.39' };
    return readingAndClaiming(read, uuids);
  },
};

export const candidatesNested: Scenario = {
  name: 'candidates-nested',
  about: '200 hosts with 7 nested providers each: a VCPU and a VF of one NUMA node, one at a time',
  aim: 30,
  connections: 1,
  bare: true,
  async prepare(client) {
    const uuids = await createNestedNodes(client, 200);
    const query = 'resources_C=VCPU:1&resources_V=SRIOV_NET_VF:1&same_subtree=_C,_V&group_policy=none';
    return { conversations: reading([`/allocation_candidates?${query}`]), cleanUp: () => deleteNodes(client, uuids) };
  },
};
