import assert from 'node:assert/strict';
import type { Api } from './service.js';

/** What a test has to know of a cloud to ask for all of it. */
export interface Cloud {
  readonly providers: readonly string[];
  readonly consumers: readonly string[];
}

const uuid = (kind: number, number: number): string =>
  `${String(kind).padStart(8, '0')}-0000-4000-8000-${String(number).padStart(12, '0')}`;
const host = (number: number): string => uuid(1, number);
const numa = (number: number, cell: number): string => uuid(2, 10 * number + cell);
const [POOL, BAREMETAL, SPARE] = [uuid(3, 1), uuid(3, 2), uuid(3, 3)] as const;
const HOSTS = [1, 2, 3, 4];

/**
 * Fills a Placement over HTTP as years with a cloud would: trees, sharing, custom names, consumers of all ages, moves, reshaping.
 * Every request must succeed.
 */
export async function fillCloud(api: Api): Promise<Cloud> {
  for (const name of ['CUSTOM_GOLD', 'CUSTOM_SSD', 'CUSTOM_UNUSED']) await api.put(`/traits/${name}`).expect(201);
  for (const name of ['CUSTOM_BAREMETAL', 'CUSTOM_LICENCE', 'CUSTOM_SPARE']) {
    await api.put(`/resource_classes/${name}`).expect(201);
  }
  await api.delete('/resource_classes/CUSTOM_SPARE').expect(204);
  for (const number of HOSTS) await makeHost(api, number);
  await make(api, POOL, 'pool', { DISK_GB: { total: 100_000, reserved: 500, allocation_ratio: 1.1 } });
  await setTraits(api, POOL, ['MISC_SHARES_VIA_AGGREGATE', 'CUSTOM_SSD']);
  await setAggregates(api, POOL, [uuid(5, 1)]);
  await make(api, BAREMETAL, 'baremetal ünïcode 名', { CUSTOM_BAREMETAL: { total: 1 } });
  await make(api, SPARE, 'spare', {});

  const consumer = (number: number): string => uuid(9, number);
  const [old, c8, c12, c28, c34] = [1, 2, 3, 4, 5].map(consumer) as [string, string, string, string, string];
  const [c38, moved, migration, gone] = [6, 7, 8, 9].map(consumer) as [string, string, string, string];
  const [sharing, metal, again] = [10, 11, 12].map(consumer) as [string, string, string];
  const cell = (number: number, amount: number) => ({
    [numa(number, 0)]: { resources: { VCPU: amount, MEMORY_MB: 256 } },
  });
  const owner = { project_id: 'project-a', user_id: 'user-a' };
  const list = [{ resource_provider: { uuid: numa(1, 0) }, resources: { VCPU: 1, MEMORY_MB: 256 } }];
  await api.put(`/allocations/${old}`, { allocations: list }, '1.0').expect(204);
  await api.put(`/allocations/${c8}`, { allocations: list, ...owner }, '1.8').expect(204);
  await api.put(`/allocations/${c12}`, { allocations: cell(1, 2), ...owner }, '1.12').expect(204);
  const fresh = { ...owner, consumer_generation: null };
  await api.put(`/allocations/${c28}`, { allocations: cell(2, 3), ...fresh }, '1.28').expect(204);
  await api
    .put(`/allocations/${c28}`, { allocations: cell(2, 4), ...owner, consumer_generation: 1 }, '1.28')
    .expect(204);
  await api
    .put(`/allocations/${c34}`, { allocations: cell(2, 1), ...fresh, project_id: 'project-b' }, '1.34')
    .expect(204);
  const server = { ...fresh, consumer_type: 'INSTANCE' };
  await api.put(`/allocations/${c38}`, { allocations: cell(3, 2), ...server }).expect(204);
  await api.put(`/allocations/${moved}`, { allocations: cell(3, 1), ...server }).expect(204);
  await api
    .post('/allocations', {
      [moved]: { allocations: {}, ...server, consumer_generation: 1 },
      [migration]: { allocations: cell(3, 1), ...server, consumer_type: 'MIGRATION' },
    })
    .expect(204);
  await api.put(`/allocations/${gone}`, { allocations: cell(1, 1), ...server }).expect(204);
  await api.delete(`/allocations/${gone}`).expect(204);
  const shared = { ...cell(4, 2), [POOL]: { resources: { DISK_GB: 20 } } };
  await api.put(`/allocations/${sharing}`, { allocations: shared, ...server, user_id: 'user-b' }).expect(204);
  const whole = { [BAREMETAL]: { resources: { CUSTOM_BAREMETAL: 1 } } };
  await api
    .put(`/allocations/${metal}`, { allocations: whole, ...server, consumer_type: 'BAREMETAL_NODE' })
    .expect(204);
  await api.put(`/allocations/${again}`, { allocations: cell(1, 2), ...server, project_id: 'project-b' }).expect(204);
  await reshape(api, c38);
  await api.put(`/resource_providers/${SPARE}`, { name: 'renamed spare', parent_provider_uuid: host(1) }).expect(200);
  await api.put(`/resource_providers/${SPARE}`, { name: 'moved spare', parent_provider_uuid: host(2) }).expect(200);
  // Shrunk below what is in use.
  await inventories(api, numa(1, 0), { VCPU: { total: 2 }, MEMORY_MB: { total: 4096, reserved: 512 } });

  const cells = HOSTS.flatMap((number) => [numa(number, 0), numa(number, 1)]);
  return {
    providers: [...HOSTS.map(host), ...cells, POOL, BAREMETAL, SPARE],
    consumers: [...Array(12).keys()].map((index) => consumer(index + 1)),
  };
}

async function makeHost(api: Api, number: number): Promise<void> {
  await make(api, host(number), `host-${number}`, { CUSTOM_LICENCE: { total: 10, max_unit: 2, min_unit: 1 } });
  await setTraits(api, host(number), number % 2 === 0 ? ['CUSTOM_GOLD', 'COMPUTE_NODE'] : ['COMPUTE_NODE']);
  await setAggregates(
    api,
    host(number),
    number < 4 ? [uuid(5, 1)] : [uuid(5, 1), 'ABCDEF00-0000-4000-8000-000000000002'],
  );
  for (const cell of [0, 1]) {
    const vcpu = {
      total: 16,
      reserved: 1,
      min_unit: 1,
      max_unit: 8,
      step_size: 1,
      allocation_ratio: [1.37, 16, 1.5, 4][number - 1],
    };
    const memory = { total: 8192, step_size: 256, min_unit: 256, max_unit: 4096 };
    await make(api, numa(number, cell), `host-${number}-numa-${cell}`, { VCPU: vcpu, MEMORY_MB: memory }, host(number));
    await setTraits(api, numa(number, cell), ['HW_NUMA_ROOT', 'HW_CPU_X86_AVX2']);
  }
}

async function make(api: Api, of: string, name: string, all: object, parent?: string): Promise<void> {
  const body = { uuid: of, name, ...(parent === undefined ? {} : { parent_provider_uuid: parent }) };
  await api.post('/resource_providers', body).expect(200);
  if (Object.keys(all).length > 0) await inventories(api, of, all);
}

async function generationOf(api: Api, of: string): Promise<number> {
  const { body } = await api.get(`/resource_providers/${of}`).expect(200);
  return (body as { generation: number }).generation;
}

async function inventories(api: Api, of: string, all: object): Promise<void> {
  const body = { resource_provider_generation: await generationOf(api, of), inventories: all };
  await api.put(`/resource_providers/${of}/inventories`, body).expect(200);
}

async function setTraits(api: Api, of: string, traits: string[]): Promise<void> {
  const body = { resource_provider_generation: await generationOf(api, of), traits };
  await api.put(`/resource_providers/${of}/traits`, body).expect(200);
}

async function setAggregates(api: Api, of: string, aggregates: string[]): Promise<void> {
  const body = { resource_provider_generation: await generationOf(api, of), aggregates };
  await api.put(`/resource_providers/${of}/aggregates`, body).expect(200);
}

/** Moves the memory of a consumer from one cell of host 3 to the other, with the inventory. */
async function reshape(api: Api, consumer: string): Promise<void> {
  const [from, to] = [numa(3, 0), numa(3, 1)];
  const vcpu = { total: 16, max_unit: 16 };
  const body = {
    inventories: {
      [from]: {
        resource_provider_generation: await generationOf(api, from),
        inventories: { VCPU: vcpu, MEMORY_MB: { total: 4096 } },
      },
      [to]: {
        resource_provider_generation: await generationOf(api, to),
        inventories: { VCPU: vcpu, MEMORY_MB: { total: 12_288 } },
      },
    },
    allocations: {
      [consumer]: {
        allocations: { [from]: { resources: { VCPU: 2 } }, [to]: { resources: { MEMORY_MB: 512 } } },
        ...{ project_id: 'project-a', user_id: 'user-a', consumer_generation: 1, consumer_type: 'INSTANCE' },
      },
    },
  };
  await api.post('/reshaper', body).expect(204);
}

const CANDIDATES = [
  'resources=VCPU:1',
  'resources=VCPU:1,MEMORY_MB:256,DISK_GB:10',
  'resources=VCPU:8&required=HW_CPU_X86_AVX2',
  'resources1=VCPU:1&resources2=CUSTOM_LICENCE:1&required2=CUSTOM_GOLD&group_policy=none',
  'resources1=VCPU:2,MEMORY_MB:256&resources2=VCPU:2,MEMORY_MB:256&group_policy=isolate&same_subtree=1,2',
  `resources=VCPU:1&in_tree=${host(3)}`,
  `resources=VCPU:1&member_of=${uuid(5, 1)}`,
  'resources=DISK_GB:99000',
  'resources=DISK_GB:5&required=CUSTOM_SSD',
  'resources=CUSTOM_BAREMETAL:1',
];

/** Everything a Placement shows of a cloud, path by path, without what may differ: order, times of responses. */
export async function showCloud(
  api: Api,
  { providers, consumers }: Cloud,
  more: readonly string[] = [],
): Promise<Map<string, unknown>> {
  const ofProvider = ['', '/inventories', '/usages', '/traits', '/aggregates', '/allocations'];
  const paths = [
    '/resource_providers',
    '/resource_providers?required=CUSTOM_GOLD',
    '/resource_providers?resources=VCPU:8',
    `/resource_providers?member_of=${uuid(5, 1)}`,
    `/resource_providers?in_tree=${host(2)}`,
    '/traits?name=startswith:CUSTOM',
    '/traits?associated=true',
    '/traits/CUSTOM_GOLD',
    '/traits/HW_CPU_X86_AVX2',
    '/resource_classes',
    '/resource_classes/CUSTOM_LICENCE',
    '/resource_classes/VCPU',
    '/usages?project_id=project-a&consumer_type=all',
    '/usages?project_id=project-b&user_id=user-a&consumer_type=unknown',
    ...providers.flatMap((of) => ofProvider.map((path) => `/resource_providers/${of}${path}`)),
    ...HOSTS.map((number) => `/resource_providers/${numa(number, 0)}/inventories/VCPU`),
    ...consumers.map((of) => `/allocations/${of}`),
    ...CANDIDATES.map((query) => `/allocation_candidates?${query}`),
    ...more,
  ];
  const shown = new Map<string, unknown>();
  for (const path of paths) {
    const { status, body, headers } = await api.get(path);
    assert.ok(status === 200 || status === 204, `${path}: ${status} ${JSON.stringify(body)}`);
    // Of one object: when it changed. Of a computed response it is the present.
    const modified = /^\/(traits|resource_classes|resource_providers)\/[^/]+(\/inventories\/\w+)?$/.test(path)
      ? (headers as Record<string, string>)['last-modified']
      : undefined;
    shown.set(path, { status, modified, body: sorted(body) });
  }
  return shown;
}

/** With keys and lists in one order, so that two responses can be compared as sets. */
function sorted(value: unknown): unknown {
  if (Array.isArray(value)) {
    return value.map(sorted).sort((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1));
  }
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, inner]) => [key, sorted(inner)]),
  );
}
