import { randomUUID } from 'node:crypto';
import type { Client } from './client.js';
import type { Request } from './scenario.js';

/** The pieces that scenarios build their worlds of. */

/** What a compute node has. */
export const COMPUTE_INVENTORIES = {
  VCPU: { total: 64, reserved: 2, max_unit: 64, allocation_ratio: 4 },
  MEMORY_MB: { total: 262_144, reserved: 4096, max_unit: 262_144 },
  DISK_GB: { total: 4096, max_unit: 4096 },
};

/** Creates compute nodes with inventories, all at generation 1, and returns their uuids. */
export async function createComputeNodes(client: Client, count: number): Promise<readonly string[]> {
  const uuids = Array.from({ length: count }, () => randomUUID());
  await client.sendAll(
    uuids.map((uuid) => postProvider(uuid)),
    'providers',
  );
  await client.sendAll(
    uuids.map((uuid) => putInventories(uuid, 0, COMPUTE_INVENTORIES)),
    'inventories',
  );
  return uuids;
}

export function putInventories(uuid: string, generation: number, inventories: object): Request {
  const body = { resource_provider_generation: generation, inventories };
  return { method: 'PUT', path: `/resource_providers/${uuid}/inventories`, body };
}

/** Compute nodes that no number of claims fills. */
export async function createRoomyNodes(client: Client, count: number): Promise<readonly string[]> {
  const uuids = Array.from({ length: count }, () => randomUUID());
  await client.sendAll(
    uuids.map((uuid) => postProvider(uuid)),
    'providers',
  );
  const roomy = { total: 2_000_000_000 };
  const inventories = { VCPU: roomy, MEMORY_MB: roomy, DISK_GB: roomy };
  await client.sendAll(
    uuids.map((uuid) => putInventories(uuid, 0, inventories)),
    'inventories',
  );
  return uuids;
}

/**
 * Hosts with two NUMA nodes, of which each has two physical functions below it, and one more child: 8 providers a host.
 * Returns them children first, as they can be deleted.
 */
export async function createNestedNodes(client: Client, hosts: number): Promise<readonly string[]> {
  const levels: { uuid: string; parent: string | null; inventories: object }[][] = [[], [], []];
  for (let i = 0; i < hosts; i++) {
    const root = randomUUID();
    levels[0]!.push({ uuid: root, parent: null, inventories: { DISK_GB: { total: 4096 } } });
    levels[1]!.push({ uuid: randomUUID(), parent: root, inventories: { PGPU: { total: 4 } } });
    for (let numa = 0; numa < 2; numa++) {
      const node = randomUUID();
      levels[1]!.push({ uuid: node, parent: root, inventories: { VCPU: { total: 32 }, MEMORY_MB: { total: 65_536 } } });
      for (let pf = 0; pf < 2; pf++) {
        levels[2]!.push({ uuid: randomUUID(), parent: node, inventories: { SRIOV_NET_VF: { total: 8 } } });
      }
    }
  }
  for (const level of levels) {
    await client.sendAll(
      level.map(({ uuid, parent }) => postProvider(uuid, parent)),
      'providers',
    );
    await client.sendAll(
      level.map(({ uuid, inventories }) => putInventories(uuid, 0, inventories)),
      'inventories',
    );
  }
  return levels.toReversed().flatMap((level) => level.map(({ uuid }) => uuid));
}

/** Deletes providers without allocations, in this order. */
export async function deleteNodes(client: Client, uuids: readonly string[]): Promise<void> {
  await client.sendAll(
    uuids.map((uuid) => ({ method: 'DELETE', path: `/resource_providers/${uuid}` })),
    'deletions',
  );
}

function postProvider(uuid: string, parent: string | null = null): Request {
  const body = { uuid, name: `bench-${uuid}`, ...(parent === null ? {} : { parent_provider_uuid: parent }) };
  return { method: 'POST', path: '/resource_providers', body };
}
