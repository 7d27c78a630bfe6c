import { randomUUID } from 'node:crypto';
import type { Talk } from './talk.js';

/** A compute node with two PCI devices below it. */
export interface Host {
  readonly uuid: string;
  readonly devices: readonly string[];
}

/** Of the compute node; the soak never shrinks them, so nothing may ever be above them. */
export const HOST_INVENTORIES = { VCPU: { total: 32 }, MEMORY_MB: { total: 65_536, reserved: 512 } };
const DEVICE_INVENTORIES = { SRIOV_NET_VF: { total: 8 } };
const STORAGE_INVENTORIES = { DISK_GB: { total: 4000 } };
const HOSTS_PER_STORAGE = 10;

/** Hosts with nested devices, every ten of which share a storage pool through an aggregate. */
export async function buildCloud(talk: Talk, size: number): Promise<Host[]> {
  const made: Host[] = [];
  let aggregate = '';
  for (let i = 0; i < size; i++) {
    if (i % HOSTS_PER_STORAGE === 0) {
      aggregate = randomUUID();
      const storage = await provider(talk, `storage-${i}`, null, STORAGE_INVENTORIES);
      await put(talk, `/resource_providers/${storage}/traits`, {
        resource_provider_generation: 1,
        traits: ['MISC_SHARES_VIA_AGGREGATE'],
      });
      await join(talk, storage, 2, aggregate);
    }
    const uuid = await provider(talk, `host-${i}`, null, HOST_INVENTORIES);
    await join(talk, uuid, 1, aggregate);
    const devices = [
      await provider(talk, `host-${i}-pf0`, uuid, DEVICE_INVENTORIES),
      await provider(talk, `host-${i}-pf1`, uuid, DEVICE_INVENTORIES),
    ];
    made.push({ uuid, devices });
  }
  return made;
}

async function provider(talk: Talk, name: string, parent: string | null, inventories: object): Promise<string> {
  const uuid = randomUUID();
  const body = { name, uuid, ...(parent === null ? {} : { parent_provider_uuid: parent }) };
  await talk(0, 'build', 'POST', '/resource_providers', { body, expected: [200] });
  await put(talk, `/resource_providers/${uuid}/inventories`, { resource_provider_generation: 0, inventories });
  return uuid;
}

async function join(talk: Talk, uuid: string, generation: number, aggregate: string): Promise<void> {
  await put(talk, `/resource_providers/${uuid}/aggregates`, {
    resource_provider_generation: generation,
    aggregates: [aggregate],
  });
}

async function put(talk: Talk, path: string, body: unknown): Promise<void> {
  await talk(0, 'build', 'PUT', path, { body, expected: [200] });
}
