import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { claim, generationOf } from '../support/claims.js';
import type { CapacityDocument } from '../../src/capacity/document.js';
import {
  codeOf,
  createProvider,
  messageOf,
  setInventories,
  startTestService,
  type TestService,
} from '../support/service.js';

const AZ1 = 'a1000000-0000-4000-8000-000000000001';
const AZ2 = 'a2000000-0000-4000-8000-000000000002';
const SHARES = 'MISC_SHARES_VIA_AGGREGATE';

interface Candidates {
  readonly allocation_requests: readonly {
    readonly allocations: Record<string, { readonly resources: Record<string, number> }>;
  }[];
}

describe('capacity', () => {
  let test: TestService;
  beforeEach(async () => {
    test = await startTestService();
  });
  afterEach(() => test.close());

  const ask = async (query: string, version?: string) =>
    (await test.api.get(`/stockroom/capacity?${query}`, version).expect(200)).body as CapacityDocument;

  async function host(
    name: string,
    inventories: object,
    { traits = [] as string[], aggregates = [] as string[], parent = undefined as string | undefined } = {},
  ): Promise<string> {
    const uuid = await createProvider(test.api, name, parent);
    await setInventories(test.api, uuid, inventories);
    const put = async (what: string, body: object) => {
      const resource_provider_generation = await generationOf(test.api, uuid);
      await test.api.put(`/resource_providers/${uuid}/${what}`, { ...body, resource_provider_generation }).expect(200);
    };
    if (traits.length > 0) await put('traits', { traits });
    if (aggregates.length > 0) await put('aggregates', { aggregates });
    return uuid;
  }

  /** Claims the first candidate of a query again and again; gives how many claims succeeded. */
  async function claimUntilNothingFits(query: string): Promise<number> {
    for (let claimed = 0; ; claimed++) {
      const { body } = await test.api.get(`/allocation_candidates?${query}&limit=1`).expect(200);
      const [first] = (body as Candidates).allocation_requests;
      if (first === undefined) return claimed;
      const amounts = Object.entries(first.allocations).map(([uuid, { resources }]) => [uuid, resources]);
      await claim(test.api, Object.fromEntries(amounts) as Record<string, Record<string, number>>).expect(204);
    }
  }

  /** The hosts of docs/contract/explain-and-capacity.md, with what is used really claimed. */
  async function makeHosts(): Promise<Record<'h1' | 'h2' | 'h3' | 'h4', string>> {
    const inventories = { VCPU: { total: 16 }, MEMORY_MB: { total: 65536 } };
    const large = { VCPU: { total: 32, max_unit: 4 }, MEMORY_MB: { total: 131072 } };
    const h1 = await host('h1', inventories, { aggregates: [AZ1] });
    const h2 = await host('h2', inventories, { aggregates: [AZ1] });
    const h3 = await host('h3', inventories, { aggregates: [AZ2] });
    const h4 = await host('h4', large, { aggregates: [AZ1] });
    await claim(test.api, { [h1]: { VCPU: 12, MEMORY_MB: 49152 } }).expect(204);
    await claim(test.api, { [h3]: { VCPU: 4, MEMORY_MB: 57344 } }).expect(204);
    return { h1, h2, h3, h4 };
  }

  it('says how many more fit, and as many can be claimed', async () => {
    const { h1, h2, h3, h4 } = await makeHosts();
    const query = 'resources=VCPU:2,MEMORY_MB:4096';
    const tree = (name: string, uuid: string, count: number, limit: string) => {
      return { root: { name, uuid }, at_least: count, at_most: count, limits: [`resources.${limit}`] };
    };
    assert.deepEqual(await ask(query), {
      version: '1.39',
      count: { at_least: 28, at_most: 28 },
      exact: true,
      trees: { all: 4, relevant: 4, fitting: 4 },
      limits: [
        { condition: 'resources.VCPU', trees: 3 },
        { condition: 'resources.MEMORY_MB', trees: 1 },
      ],
      if_pooled: 32,
      by_aggregate: [
        { aggregate: AZ1, at_least: 26, at_most: 26 },
        { aggregate: AZ2, at_least: 2, at_most: 2 },
      ],
      by_tree: [
        tree('h4', h4, 16, 'VCPU'),
        tree('h2', h2, 8, 'VCPU'),
        tree('h1', h1, 2, 'VCPU'),
        tree('h3', h3, 2, 'MEMORY_MB'),
      ],
      complete: true,
    });
    assert.equal(await claimUntilNothingFits(query), 28);
    const { count, trees } = await ask(query);
    assert.deepEqual([count, trees.fitting], [{ at_least: 0, at_most: 0 }, 0]);
  }).timeout(120_000);

  it('says which pools are full, and each well chosen claim takes one of the count', async () => {
    await host('a', { VCPU: { total: 8 } }, { aggregates: [AZ1] });
    await host('b', { VCPU: { total: 8 } }, { aggregates: [AZ2] });
    const p1 = await host('p1', { DISK_GB: { total: 100 } }, { traits: [SHARES], aggregates: [AZ1] });
    const p2 = await host('p2', { DISK_GB: { total: 100 } }, { traits: [SHARES], aggregates: [AZ1, AZ2] });
    const query = 'resources=VCPU:1,DISK_GB:20';
    const first = await ask(query);
    assert.deepEqual([first.count, first.exact], [{ at_least: 10, at_most: 10 }, true]);
    assert.deepEqual(
      first.by_tree.map(({ root, at_least }) => [root.name, at_least]),
      [
        ['a', 8],
        ['b', 5],
      ],
    );
    assert.deepEqual(first.shared, [
      { provider: { name: 'p1', uuid: p1 }, condition: 'resources.DISK_GB' },
      { provider: { name: 'p2', uuid: p2 }, condition: 'resources.DISK_GB' },
    ]);
    for (let left = 10; left > 0; left--) {
      const { body } = await test.api.get(`/allocation_candidates?${query}`).expect(200);
      // Host a takes from the first pool while it lasts, which host b cannot reach.
      const requests = (body as Candidates).allocation_requests;
      const best = requests.find(({ allocations }) => p1 in allocations) ?? requests[0];
      assert.ok(best !== undefined);
      const amounts = Object.entries(best.allocations).map(([uuid, { resources }]) => [uuid, resources]);
      await claim(test.api, Object.fromEntries(amounts) as Record<string, Record<string, number>>).expect(204);
      const { count, exact } = await ask(query);
      assert.deepEqual([count.at_least, exact], [left - 1, true]);
    }
  }).timeout(120_000);

  it('gives bounds that real claims stay within', async () => {
    const cn = await host('cn', { VCPU: { total: 16 } });
    for (const name of ['x1', 'x2', 'x3', 'x4']) await host(name, { PGPU: { total: 6 } }, { parent: cn });
    const query = 'resources_1=PGPU:3&resources_2=PGPU:4&group_policy=none';
    const { count, exact } = await ask(query);
    assert.deepEqual([count, exact], [{ at_least: 2, at_most: 3 }, false]);
    const claimed = await claimUntilNothingFits(query);
    assert.ok(claimed <= count.at_most, `${claimed}`);
  });

  it('lists the trees that take most, and those that were asked for first', async () => {
    const { h1, h3 } = await makeHosts();
    const names = ({ by_tree }: CapacityDocument) => by_tree.map(({ root, at_least }) => [root.name, at_least]);
    const query = 'resources=VCPU:4,MEMORY_MB:16384';
    assert.deepEqual(names(await ask(`${query}&show=1`)), [['h4', 8]]);
    assert.deepEqual((await ask(`${query}&show=1`)).by_aggregate.length, 1);
    assert.deepEqual(names(await ask(`${query}&show=1&provider=${h3}&provider=${h1}`)), [
      ['h3', 0],
      ['h1', 1],
      ['h4', 8],
    ]);
    assert.deepEqual(names(await ask(`${query}&show=0`)), []);
  });

  it('reads the query of each version as the candidates do, and of the newest without a version', async () => {
    await makeHosts();
    for (const version of ['1.10', '1.28', '1.36', '1.39']) {
      const found = await ask('resources=VCPU:2,MEMORY_MB:4096', version);
      assert.deepEqual([found.version, found.count.at_least], [version, 28]);
    }
    const { body, headers } = await test.api
      .request('get', '/stockroom/capacity?resources=VCPU:2&required=in:HW_CPU_X86_AVX2,HW_CPU_X86_VMX')
      .set('x-auth-token', 'admin')
      .expect(200);
    assert.equal((body as CapacityDocument).version, '1.39');
    const { 'openstack-api-version': version, 'cache-control': cache } = headers as Record<string, string>;
    assert.deepEqual([version, cache], ['placement 1.39', 'no-cache']);
    assert.match(String((headers as Record<string, string>)['last-modified']), /GMT$/);
  });

  it('knows nested trees from 1.29 on', async () => {
    const cn = await host('cn', { VCPU: { total: 16 } });
    await host('pf', { SRIOV_NET_VF: { total: 8 } }, { parent: cn });
    const query = 'resources=VCPU:1,SRIOV_NET_VF:1';
    assert.deepEqual((await ask(query, '1.28')).count, { at_least: 0, at_most: 0 });
    assert.deepEqual((await ask(query, '1.29')).count, { at_least: 8, at_most: 8 });
  });

  it('rejects what it cannot read, and says what it expects', async () => {
    const rejected = async (query: string, status: number, version?: string) => {
      const { body } = await test.api.get(`/stockroom/capacity?${query}`, version).expect(status);
      return [codeOf(body), messageOf(body)];
    };
    const old = await rejected('resources=VCPU:1', 400, '1.9');
    assert.match(
      old[1] ?? '',
      /^Explain and capacity read queries of version 1\.10 or later; this request is for 1\.9\./,
    );
    for (const [wrong, expected] of [
      ['show=201', /^show: expected an integer from 0 to 200, got "201"/],
      ['show=ten', /^show: expected/],
      ['enough=0', /^enough: expected an integer of 1 or more, got "0"/],
      ['enough=1.5', /^enough: expected/],
      ['provider=h1', /^provider: expected the uuid of a resource provider, got "h1"/],
    ] as const) {
      const [code, message] = await rejected(`resources=VCPU:1&${wrong}`, 400);
      assert.equal(code, 'placement.query.bad_value');
      assert.match(message ?? '', expected);
    }
    const unknown = randomUUID();
    const [, missing] = await rejected(`resources=VCPU:1&provider=${unknown}`, 404);
    assert.equal(missing, `No resource provider with uuid ${unknown} found`);
    assert.match((await rejected('resources=CUSTOM_NOTHING:1', 400))[1] ?? '', /CUSTOM_NOTHING/);
    // In any group, not only up to the first that nothing serves.
    const later = 'resources_1=VCPU:1&resources_2=VCPU:1&required_2=CUSTOM_NOTHING&group_policy=none';
    assert.match((await rejected(later, 400))[1] ?? '', /CUSTOM_NOTHING/);
    for (const query of ['', 'resources=VCPU', 'resources_1=VCPU:1&resources_2=VCPU:1']) {
      const { body: expected } = await test.api.get(`/allocation_candidates?${query}`).expect(400);
      assert.equal((await rejected(query, 400))[1], messageOf(expected));
    }
    await test.api.request('post', '/stockroom/capacity').set('x-auth-token', 'admin').expect(405);
    await test.api.request('get', '/stockroom/capacity?resources=VCPU:1').expect(401);
  });

  it('counts nothing for a tree or an aggregate that does not exist', async () => {
    await makeHosts();
    for (const where of [`in_tree=${randomUUID()}`, `member_of=${randomUUID()}`]) {
      const { count, trees, if_pooled, complete } = await ask(`resources=VCPU:1&${where}`);
      assert.deepEqual(count, { at_least: 0, at_most: 0 });
      assert.deepEqual([trees, if_pooled, complete], [{ all: 4, relevant: 4, fitting: 0 }, 0, true]);
    }
  });

  it('is for those whom its policy rule allows', async () => {
    const get = (token: string) =>
      test.api.request('get', '/stockroom/capacity?resources=VCPU:1').set('x-auth-token', token);
    await get('admin').expect(200);
    const { body } = await get('user:project').expect(403);
    assert.match(messageOf(body), /stockroom:capacity/);
  });
});
