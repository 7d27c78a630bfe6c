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

/** Creates compute nodes with inventories, all at generation 1, and answers their uuids. */
export async function createComputeNodes(client: Client, count: number): Promise<readonly string[]> {
  const uuids = Array.from({ length: count }, () => randomUUID());
  await client.sendAll(
    uuids.map((uuid) => ({ method: 'POST', path: '/resource_providers', body: { uuid, name: `compute-${uuid}` } })),
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
