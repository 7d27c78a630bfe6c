import { randomUUID } from 'node:crypto';
import { claim } from './claims.js';
import { AZ1, AZ2, setTraits } from './console.js';
import { setInventories, type Api } from './service.js';

const HOSTS = 24;

/** Fills a realistic cloud for pictures. Returns fragments of pages by name. */
export async function fillPictureWorld(api: Api): Promise<Readonly<Record<string, string>>> {
  await api.put('/traits/CUSTOM_SSD').expect(201);
  const uuids: string[] = [];
  for (let host = 1; host <= HOSTS; host += 1) uuids.push(await makeHost(api, host));
  const pool = await make(api, 'ceph-pool', undefined, { DISK_GB: { total: 200_000, reserved: 4000 } });
  await setTraits(api, pool, ['MISC_SHARES_VIA_AGGREGATE']);
  await setAggregates(api, pool, [AZ1, AZ2]);
  for (const [index, uuid] of uuids.entries()) await fillHost(api, uuid, pool, index);
  return {
    provider: `/providers/${uuids[3] ?? ''}`,
    why: `/why?resources=VCPU:48,MEMORY_MB:65536&required=CUSTOM_SSD,!COMPUTE_STATUS_DISABLED&member_of=${AZ1}`,
    capacity: '/capacity?resources=VCPU:4,MEMORY_MB:8192',
  };
}

async function makeHost(api: Api, host: number): Promise<string> {
  const name = `compute-${String(host).padStart(2, '0')}`;
  const uuid = await make(api, name, undefined, {
    VCPU: { total: 32, allocation_ratio: 2 },
    MEMORY_MB: { total: 262_144, reserved: 8192 },
  });
  const traits = ['HW_CPU_X86_AVX2', 'COMPUTE_VOLUME_MULTI_ATTACH'];
  if (host % 3 === 0) traits.push('CUSTOM_SSD');
  if (host % 9 === 0) traits.push('COMPUTE_STATUS_DISABLED');
  await setTraits(api, uuid, traits);
  await setAggregates(api, uuid, [host % 2 === 0 ? AZ1 : AZ2]);
  if (host % 4 === 0) {
    for (const cell of [0, 1]) {
      const numa = await make(api, `${name}_numa${cell}`, uuid, { PCPU: { total: 16 } });
      await setTraits(api, numa, ['HW_NUMA_ROOT']);
      const gpu = await make(api, `${name}_numa${cell}_gpu0`, numa, { VGPU: { total: 8 } });
      await claim(api, { [gpu]: { VGPU: 8 }, [numa]: { PCPU: 4 + 4 * cell } }).expect(204);
    }
  }
  return uuid;
}

async function fillHost(api: Api, uuid: string, pool: string, index: number): Promise<void> {
  for (let consumer = 0; consumer < 3 + (index % 5); consumer += 1) {
    const resources = { VCPU: 8, MEMORY_MB: 28_672 };
    const who = { consumer: randomUUID(), project_id: 'web-shop', user_id: 'nova' };
    await claim(api, { [uuid]: resources, [pool]: { DISK_GB: 800 } }, who).expect(204);
  }
}

async function make(api: Api, name: string, parent: string | undefined, inventories: object): Promise<string> {
  const above = parent === undefined ? {} : { parent_provider_uuid: parent };
  const { body } = await api.post('/resource_providers', { name, ...above }).expect(200);
  const { uuid } = body as { uuid: string };
  await setInventories(api, uuid, inventories);
  return uuid;
}

async function setAggregates(api: Api, uuid: string, aggregates: readonly string[]): Promise<void> {
  const { body } = await api.get(`/resource_providers/${uuid}`).expect(200);
  const { generation } = body as { generation: number };
  const document = { aggregates, resource_provider_generation: generation };
  await api.put(`/resource_providers/${uuid}/aggregates`, document).expect(200);
}
