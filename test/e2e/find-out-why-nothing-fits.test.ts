import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { claim, generationOf } from '../support/claims.js';
import { createTestDatabase } from '../support/database.js';
import { cleanUp, ROOT, runToEnd, startProcess } from '../support/process.js';
import { setInventories, type Api } from '../support/service.js';

const CONNECTION = 'OS_PLACEMENT_DATABASE__CONNECTION';
const GPU = 'CUSTOM_PCI_10DE_20B0';

/** Providers of the page's cloud: what they have, and how much of it is used. */
interface Part {
  readonly parent?: number;
  readonly has?: Record<string, number>;
  readonly used?: Record<string, number>;
  readonly traits?: readonly string[];
  readonly zone?: string;
}

const CLOUD: Readonly<Record<string, Part>> = {
  compute1: {
    has: { VCPU: 16, MEMORY_MB: 65536, DISK_GB: 500 },
    used: { VCPU: 12, MEMORY_MB: 8192 },
    traits: ['COMPUTE_NODE', 'HW_CPU_X86_AVX2'],
    zone: 'a1000000-0000-4000-8000-000000000001',
  },
  compute2: {
    has: { VCPU: 16, MEMORY_MB: 65536, DISK_GB: 500 },
    used: { VCPU: 4, MEMORY_MB: 8192 },
    traits: ['COMPUTE_NODE', 'HW_CPU_X86_AVX2', 'HW_CPU_X86_AVX512F'],
    zone: 'a2000000-0000-4000-8000-000000000002',
  },
  'compute1_0000:81:00.0': { parent: 1, has: { [GPU]: 1 }, used: { [GPU]: 1 } },
  'compute2_0000:81:00.0': { parent: 2, has: { [GPU]: 1 } },
  compute1_numa0: { parent: 1, has: { PCPU: 8 }, used: { PCPU: 2 }, traits: ['HW_NUMA_ROOT'] },
  compute1_numa1: { parent: 1, has: { PCPU: 8 }, used: { PCPU: 8 }, traits: ['HW_NUMA_ROOT'] },
  compute1_vgpu: { parent: 6, has: { VGPU: 4 }, used: { VGPU: 2 } },
  'compute1:ovs:br-physnet0': {
    parent: 1,
    has: { NET_BW_EGR_KILOBIT_PER_SEC: 1_000_000 },
    used: { NET_BW_EGR_KILOBIT_PER_SEC: 900_000 },
    traits: ['CUSTOM_PHYSNET_PHYSNET0', 'CUSTOM_VNIC_TYPE_NORMAL'],
  },
  'compute2:ovs:br-physnet1': {
    parent: 2,
    has: { NET_BW_EGR_KILOBIT_PER_SEC: 1_000_000 },
    traits: ['CUSTOM_PHYSNET_PHYSNET1', 'CUSTOM_VNIC_TYPE_NORMAL'],
  },
};

const uuidOf = (n: number): string => `0000000${n}-0000-4000-8000-00000000000${n}`;

async function makeCloud(api: Api): Promise<void> {
  await api.put(`/resource_classes/${GPU}`).expect(201);
  for (const trait of ['CUSTOM_PHYSNET_PHYSNET0', 'CUSTOM_PHYSNET_PHYSNET1', 'CUSTOM_VNIC_TYPE_NORMAL'])
    await api.put(`/traits/${trait}`).expect(201);
  for (const [i, [name, { parent, has = {}, used, traits = [], zone }]] of Object.entries(CLOUD).entries()) {
    const uuid = uuidOf(i + 1);
    const above = parent === undefined ? {} : { parent_provider_uuid: uuidOf(parent) };
    await api.post('/resource_providers', { name, uuid, ...above }).expect(200);
    await setInventories(
      api,
      uuid,
      Object.fromEntries(Object.entries(has).map(([resourceClass, total]) => [resourceClass, { total }])),
    );
    const generation = async () => ({ resource_provider_generation: await generationOf(api, uuid) });
    await api.put(`/resource_providers/${uuid}/traits`, { traits, ...(await generation()) }).expect(200);
    const aggregates = { aggregates: zone === undefined ? [] : [zone], ...(await generation()) };
    await api.put(`/resource_providers/${uuid}/aggregates`, aggregates).expect(200);
    if (used !== undefined) await claim(api, { [uuid]: used }).expect(204);
  }
}

/** docs/how-to/find-out-why-nothing-fits.md: every command of it, with what it prints. The queries are as Nova sends them. */
describe('the page on why nothing fits', () => {
  const page = readFileSync(path.join(ROOT, 'docs/how-to/find-out-why-nothing-fits.md'), 'utf8');
  const blocks = Array.from(
    page.matchAll(/^```console\n\$ stockroom (.+)\n([^]*?)^```$/gm),
    ([, command = '', output = '']) => ({ args: command.match(/'[^']*'|\S+/g) ?? [], output }),
  );
  let connection: string;

  before(async () => {
    connection = await createTestDatabase();
    const service = startProcess(['--port', '0'], { [CONNECTION]: connection });
    await makeCloud((await service.listening()).api);
  });
  after(cleanUp);

  it('has commands', () => {
    assert.equal(blocks.length, 5);
  });

  for (const { args, output } of blocks) {
    it(`shows what is printed: ${args.join(' ').slice(0, 90)}`, async () => {
      const words = args.map((one) => one.replaceAll("'", ''));
      const { output: printed, errors } = await runToEnd(words, { [CONNECTION]: connection });
      assert.deepEqual([printed, errors], [output, '']);
    });
  }
});
