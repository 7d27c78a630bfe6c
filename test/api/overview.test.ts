import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import fc from 'fast-check';
import { claim, generationOf } from '../support/claims.js';
import { sql } from '../support/database.js';
import { createProvider, messageOf, setInventories, startTestService, type TestService } from '../support/service.js';
import { PolicyFolder } from '../support/policy.js';
import { until } from '../support/until.js';
import { send } from '../support/raw-request.js';

const AZ1 = 'a1000000-0000-4000-8000-000000000001';
const AZ2 = 'a2000000-0000-4000-8000-000000000002';
const SHARES = 'MISC_SHARES_VIA_AGGREGATE';

/** What the ordinary routes say of a provider. */
interface Known {
  readonly uuid: string;
  readonly name: string;
  readonly parent_provider_uuid: string | null;
  readonly root_provider_uuid: string;
  readonly generation: number;
  readonly inventories: Record<string, Record<string, number>>;
  readonly usages: Record<string, number>;
  readonly traits: string[];
  readonly aggregates: string[];
}

interface Entry {
  readonly uuid: string;
  readonly name: string;
  readonly matched: string[];
  readonly resources: Record<string, { capacity: number; used: number }>;
}

interface Page {
  readonly as_of: string;
  readonly trees: Entry[];
  readonly matching: number;
  readonly next: string | null;
}

const capacityOf = ({ total = 0, reserved = 0, allocation_ratio: ratio = 1 }: Record<string, number>): number =>
  Math.trunc((total - reserved) * ratio);

describe('what the console shows of the whole cloud', () => {
  let test: TestService;
  let cloud: Known[];
  const uuids = new Map<string, string>();
  const uuidOf = (name: string): string => uuids.get(name) ?? '';

  before(async () => {
    test = await startTestService({
      config: {
        enforceNewDefaults: true,
        capacityShape: ['small /allocation_candidates?resources=VCPU:1,MEMORY_MB:64'],
      },
    });
    for (const [name, parent, inventories, traits, aggregates] of WORLD) {
      const uuid = await createProvider(test.api, name, parent === null ? undefined : uuidOf(parent));
      uuids.set(name, uuid);
      if (inventories !== null) await setInventories(test.api, uuid, inventories);
      const put = async (what: string, body: object): Promise<void> => {
        const resource_provider_generation = await generationOf(test.api, uuid);
        await test.api
          .put(`/resource_providers/${uuid}/${what}`, { ...body, resource_provider_generation })
          .expect(200);
      };
      if (traits.includes('CUSTOM_SSD')) await test.api.put('/traits/CUSTOM_SSD');
      if (traits.length > 0) await put('traits', { traits });
      if (aggregates.length > 0) await put('aggregates', { aggregates });
    }
    await claim(test.api, { [uuidOf('h1')]: { VCPU: 7, MEMORY_MB: 128 }, [uuidOf('h1-gpu0')]: { VGPU: 1 } }).expect(
      204,
    );
    await claim(test.api, { [uuidOf('Host-2')]: { VCPU: 4 }, [uuidOf('pool')]: { DISK_GB: 70 } }).expect(204);
    // Less than what is in use.
    await setInventories(test.api, uuidOf('Host-2'), { VCPU: { total: 3 } });
    cloud = await readCloud();
  });
  after(() => test.close());

  async function readCloud(): Promise<Known[]> {
    const { body } = await test.api.get('/resource_providers').expect(200);
    return Promise.all(
      (body.resource_providers as Omit<Known, 'inventories' | 'usages' | 'traits' | 'aggregates'>[]).map(
        async (provider): Promise<Known> => {
          const of = async (what: string) => (await test.api.get(`/resource_providers/${provider.uuid}/${what}`)).body;
          return {
            ...provider,
            inventories: (await of('inventories')).inventories,
            usages: (await of('usages')).usages,
            traits: (await of('traits')).traits,
            aggregates: (await of('aggregates')).aggregates,
          };
        },
      ),
    );
  }

  /** By the uuid of the root. */
  function treesOf(known: readonly Known[]): Map<string, Known[]> {
    const trees = new Map<string, Known[]>();
    for (const one of known) trees.set(one.root_provider_uuid, [...(trees.get(one.root_provider_uuid) ?? []), one]);
    return trees;
  }
  const ask = async (query: string): Promise<Page> =>
    (await test.api.get(`/stockroom/providers?${query}`).expect(200)).body as Page;

  it('is the sum of what the ordinary routes say of each provider', async () => {
    const { body } = await test.api.get('/stockroom/overview').expect(200);
    assert.equal(body.providers, cloud.length);
    assert.equal(body.trees, treesOf(cloud).size);
    assert.equal(body.without_inventory, 1);
    assert.equal(body.over_capacity, 1);
    const classes = new Map<string, Record<string, number>>();
    for (const { inventories, usages } of cloud) {
      for (const [name, inventory] of Object.entries(inventories)) {
        const sums = classes.get(name) ?? { providers: 0, total: 0, reserved: 0, capacity: 0, used: 0 };
        classes.set(name, {
          providers: (sums['providers'] ?? 0) + 1,
          total: (sums['total'] ?? 0) + (inventory['total'] ?? 0),
          reserved: (sums['reserved'] ?? 0) + (inventory['reserved'] ?? 0),
          capacity: (sums['capacity'] ?? 0) + capacityOf(inventory),
          used: (sums['used'] ?? 0) + (usages[name] ?? 0),
        });
      }
    }
    assert.deepEqual(
      body.classes.map(({ name }: { name: string }) => name),
      ['VCPU', 'MEMORY_MB', 'DISK_GB', 'VGPU'],
    );
    for (const { name, ...sums } of body.classes) assert.deepEqual(sums, classes.get(name));
  });

  it('has how many more requests of each configured shape fit', async () => {
    await until('they were counted', async () => {
      const { body } = await test.api.get('/stockroom/overview').expect(200);
      return body.shapes.length === 1;
    });
    const { body } = await test.api.get('/stockroom/overview').expect(200);
    const query = '/allocation_candidates?resources=VCPU:1,MEMORY_MB:64';
    const capacity = await test.api.get(`/stockroom/capacity?${query.split('?')[1]}`).expect(200);
    const { at_least, at_most } = capacity.body.count;
    assert.deepEqual(body.shapes, [{ name: 'small', query, at_least, at_most, limits: ['resources.VCPU'] }]);
  });

  it('estimates the consumers by the statistics of the database', async () => {
    const other = await startTestService();
    try {
      const uuid = await createProvider(other.api, 'host');
      await setInventories(other.api, uuid, { VCPU: { total: 8 } });
      for (let i = 0; i < 3; i++) await claim(other.api, { [uuid]: { VCPU: 1 } }).expect(204);
      await sql(other.databaseUrl, 'analyze consumers');
      await until('the statistics say so', async () => {
        const [row] = await sql<{ n: number }>(
          other.databaseUrl,
          "select n_live_tup::int as n from pg_stat_user_tables where relname = 'consumers'",
        );
        return row?.n === 3;
      });
      assert.equal((await other.api.get('/stockroom/overview').expect(200)).body.consumers, 3);
    } finally {
      await other.close();
    }
  });

  it('keeps the estimate of the last ANALYZE when the statistics are lost', async () => {
    const other = await startTestService();
    try {
      const uuid = await createProvider(other.api, 'host');
      await setInventories(other.api, uuid, { VCPU: { total: 8 } });
      for (let i = 0; i < 5; i++) await claim(other.api, { [uuid]: { VCPU: 1 } }).expect(204);
      await sql(other.databaseUrl, 'analyze consumers');
      await sql(other.databaseUrl, "select pg_stat_reset_single_table_counters('consumers'::regclass)");
      await until('the statistics are lost', async () => {
        const [row] = await sql<{ n: number; isLost: boolean }>(
          other.databaseUrl,
          `select n_live_tup::int as n, last_analyze is null as "isLost" from pg_stat_user_tables where relname = 'consumers'`,
        );
        return row?.n === 0 && row.isLost;
      });
      assert.equal((await other.api.get('/stockroom/overview').expect(200)).body.consumers, 5);
    } finally {
      await other.close();
    }
  });

  it('counts the consumers on two trees, without what they have of sharing providers', async () => {
    const other = await startTestService();
    try {
      const [one, two, pool] = await Promise.all(['one', 'two', 'pool'].map((name) => createProvider(other.api, name)));
      assert.ok(one !== undefined && two !== undefined && pool !== undefined);
      const child = await createProvider(other.api, 'one-numa0', one);
      for (const uuid of [one, two, child]) await setInventories(other.api, uuid, { VCPU: { total: 8 } });
      await setInventories(other.api, pool, { DISK_GB: { total: 8 } });
      const resource_provider_generation = await generationOf(other.api, pool);
      await other.api
        .put(`/resource_providers/${pool}/traits`, { traits: [SHARES], resource_provider_generation })
        .expect(200);
      const consumer = randomUUID();
      await claim(other.api, { [one]: { VCPU: 1 }, [two]: { VCPU: 1 } }, { consumer }).expect(204);
      await claim(other.api, { [one]: { VCPU: 1 }, [child]: { VCPU: 1 }, [pool]: { DISK_GB: 1 } }).expect(204);
      const found = await until('they are counted', async () => {
        const { body } = await other.api.get('/stockroom/overview').expect(200);
        return body.on_two_trees !== null && (body.on_two_trees as { as_of: string });
      });
      const { as_of, ...counted } = found;
      assert.ok(Date.parse(as_of) <= Date.now());
      assert.deepEqual(counted, { number: 1, consumers: [consumer] });
    } finally {
      await other.close();
    }
  });

  it('lists the trees with a provider for which all filters hold, as one would by hand', async () => {
    const filters = fc.record(
      {
        q: fc.constantFrom('h', 'HOST', 'gpu', 'pool', 'nothing', '', uuidOf('h1').slice(0, 8)),
        trait: fc.constantFrom('CUSTOM_SSD', SHARES, 'HW_CPU_X86_AVX2'),
        member_of: fc.constantFrom(AZ1, AZ2, AZ1.toUpperCase()),
        class: fc.constantFrom('VCPU', 'DISK_GB', 'VGPU', 'PCPU'),
        state: fc.constantFrom('over_capacity', 'without_inventory'),
      },
      { requiredKeys: [] },
    );
    await fc.assert(
      fc.asyncProperty(filters, async (given) => {
        const page = await ask(new URLSearchParams(given).toString());
        const holds = ({ name, uuid, traits, aggregates, inventories, usages }: Known): boolean =>
          (name.toLowerCase().includes((given.q ?? '').toLowerCase()) || uuid.startsWith(given.q ?? '')) &&
          (given.trait === undefined || traits.includes(given.trait)) &&
          (given.member_of === undefined || aggregates.includes(given.member_of.toLowerCase())) &&
          (given.class === undefined || given.class in inventories) &&
          (given.state !== 'without_inventory' || Object.keys(inventories).length === 0) &&
          (given.state !== 'over_capacity' ||
            Object.entries(inventories).some(([of, inventory]) => (usages[of] ?? 0) > capacityOf(inventory)));
        const isFiltered = Object.values(given).some((value) => value !== '');
        const expected = [...treesOf(cloud)].filter(([, members]) => members.some(holds));
        assert.deepEqual(page.trees.map(({ uuid }) => uuid).sort(), expected.map(([root]) => root).sort());
        assert.equal(page.matching, expected.length);
        for (const { uuid, matched, resources } of page.trees) {
          const members = treesOf(cloud).get(uuid) ?? [];
          assert.deepEqual(
            [...matched].sort(),
            isFiltered
              ? members
                  .filter(holds)
                  .map(({ name }) => name)
                  .sort()
              : [],
          );
          for (const [name, { capacity, used }] of Object.entries(resources)) {
            const sum = (of: (member: Known) => number): number => members.reduce((all, one) => all + of(one), 0);
            assert.equal(
              capacity,
              sum(({ inventories }) => capacityOf(inventories[name] ?? {})),
            );
            assert.equal(
              used,
              sum(({ usages }) => usages[name] ?? 0),
            );
          }
        }
      }),
      { numRuns: 60 },
    );
  });

  it('orders by name, or by how full a class is, and pages without gaps', async () => {
    const names = (page: Page): string[] => page.trees.map(({ name }) => name);
    const roots = cloud.filter(({ parent_provider_uuid }) => parent_provider_uuid === null).map(({ name }) => name);
    assert.deepEqual(names(await ask('')), [...roots].sort());
    const fullest = names(await ask('sort=fullest&class=VCPU'));
    assert.deepEqual(fullest, ['Host-2', 'h1', 'h3']);
    assert.deepEqual(names(await ask('sort=freest&class=VCPU')), [...fullest].reverse());
    for (const query of ['', 'sort=fullest&class=VCPU', 'sort=freest&class=VCPU', 'sort=name&q=h']) {
      const whole = names(await ask(query));
      const found: string[] = [];
      for (let next: string | null = ''; next !== null;) {
        const page: Page = await ask(`${query}&limit=1${next === '' ? '' : `&after=${next}`}`);
        assert.equal(page.matching, whole.length);
        found.push(...names(page));
        next = page.next;
      }
      assert.deepEqual(found, whole);
    }
  });

  it('says when providers changed last, the same on each page until they do', async () => {
    const before = await ask('limit=1');
    assert.equal((await ask('limit=1')).as_of, before.as_of);
    const uuid = await createProvider(test.api, 'zz-passing');
    assert.notEqual((await ask('limit=1')).as_of, before.as_of);
    await test.api.delete(`/resource_providers/${uuid}`).expect(204);
  });

  it('shows a tree as the ordinary routes show each of its providers, parents first', async () => {
    for (const name of ['h1', 'h1-gpu0', 'pool', 'empty']) {
      const { body } = await test.api.get(`/stockroom/providers/${uuidOf(name)}`).expect(200);
      const root = cloud.find(({ uuid }) => uuid === uuidOf(name))?.root_provider_uuid;
      const members = treesOf(cloud).get(root ?? '') ?? [];
      assert.equal(body.providers.length, members.length);
      const seen = new Set<string | null>([null]);
      for (const shown of body.providers) {
        const known = members.find(({ uuid }) => uuid === shown.uuid);
        assert.ok(known !== undefined && seen.has(shown.parent_provider_uuid));
        seen.add(shown.uuid);
        const { inventories, traits, aggregates, ...rest } = shown;
        assert.deepEqual(rest, {
          uuid: known.uuid,
          name: known.name,
          parent_provider_uuid: known.parent_provider_uuid,
          generation: known.generation,
        });
        assert.deepEqual(new Set(traits), new Set(known.traits));
        assert.deepEqual(new Set(aggregates), new Set(known.aggregates));
        assert.deepEqual(
          inventories,
          Object.fromEntries(
            Object.entries(known.inventories).map(([resourceClass, inventory]) => [
              resourceClass,
              { ...inventory, capacity: capacityOf(inventory), used: known.usages[resourceClass] ?? 0 },
            ]),
          ),
        );
      }
    }
  });

  it('shows with which other trees a tree shares, from both ends', async () => {
    const sharesWith = async (name: string): Promise<unknown> =>
      (await test.api.get(`/stockroom/providers/${uuidOf(name)}`).expect(200)).body.shares_with;
    const named = (...names: string[]): object => ({
      roots: names.map((name) => ({ uuid: uuidOf(name), name })),
      number: names.length,
    });
    assert.deepEqual(await sharesWith('pool'), named('Host-2', 'h1'));
    assert.deepEqual(await sharesWith('h1-gpu0'), named('pool'));
    assert.deepEqual(await sharesWith('h3'), named());
  });

  it('rejects what is malformed or unknown, and says which', async () => {
    for (const [query, expected] of [
      ['sort=size', /^sort: expected one of name, fullest, freest/],
      ['state=full', /^state: expected one of over_capacity, without_inventory/],
      ['sort=fullest', /^sort: expected name, or the parameter class/],
      ['limit=0', /^limit: expected an integer from 1 to 200/],
      ['limit=201', /^limit: /],
      ['member_of=AZ1', /^member_of: expected the uuid/],
      ['trait=CUSTOM_NO', /^trait: expected the name of a trait, got "CUSTOM_NO"/],
      ['class=CUSTOM_NO', /^class: expected the name of a resource class/],
      ['after=x', /^after: /],
      ['q=a&q=b', /^q: expected one value/],
    ] as const) {
      const { body } = await test.api.get(`/stockroom/providers?${query}`).expect(400);
      assert.match(messageOf(body), expected, query);
    }
    const { next } = await ask('limit=1');
    const { body } = await test.api.get(`/stockroom/providers?sort=fullest&class=VCPU&after=${next}`).expect(400);
    assert.match(messageOf(body), /^after: .*the same sort and class/);
    await test.api.get('/stockroom/providers?name=h1').expect(400);
    await test.api.get(`/stockroom/providers/${randomUUID()}`).expect(404);
  });

  it('is read with GET only', async () => {
    for (const path of ['overview', 'providers', `providers/${uuidOf('h1')}`, 'whoami']) {
      for (const method of ['HEAD', 'POST', 'PUT', 'DELETE', 'PATCH']) {
        const { status, headers } = await send(test.url, { path: `/stockroom/${path}`, method });
        assert.deepEqual([status, headers.allow], [405, 'GET'], `${method} ${path}`);
      }
    }
  });

  it('can be closed to all by the policy, who may still ask what they may do', async () => {
    const folder = new PolicyFolder();
    const policyFile = folder.write('policy.yaml', '"stockroom:overview": "!"\n');
    const closed = await startTestService({ databaseUrl: test.databaseUrl, config: { policyFile } });
    try {
      for (const path of ['overview', 'providers', `providers/${uuidOf('h1')}`])
        await closed.api.get(`/stockroom/${path}`).expect(403);
      const { body } = await closed.api.get('/stockroom/whoami').expect(200);
      assert.ok(!body.rules.includes('stockroom:overview') && body.rules.includes('stockroom:capacity'));
    } finally {
      await closed.close();
      folder.close();
    }
  });

  it('is for those whom the rule lets through; everyone may ask what they may do', async () => {
    const as = (token: string, path: string) =>
      test.api.request('get', path).set({ 'x-auth-token': token, accept: 'application/json' });
    for (const path of ['overview', 'providers', `providers/${uuidOf('h1')}`]) {
      const { body } = await as('ada:demo', `/stockroom/${path}`).expect(403);
      assert.match(messageOf(body), /stockroom:overview/);
    }
    const { body } = await as('ada:demo', '/stockroom/whoami').expect(200);
    const { rules, ...rest } = body;
    assert.deepEqual(rest, { user_id: 'ada', project_id: 'demo', roles: [], expires_at: null });
    assert.deepEqual(rules, []);
    const admin = (await as('admin', '/stockroom/whoami').expect(200)).body;
    assert.ok(admin.rules.includes('stockroom:overview'));
    assert.ok(!admin.rules.includes('placement:reshaper:reshape'));
    await test.api.request('get', '/stockroom/whoami').expect(401);
  });
});

type Row = readonly [
  name: string,
  parent: string | null,
  inventories: Record<string, object> | null,
  traits: string[],
  aggregates: string[],
];

const WORLD: readonly Row[] = [
  ['h1', null, { VCPU: { total: 8 }, MEMORY_MB: { total: 1000, reserved: 100, allocation_ratio: 1.5 } }, [], [AZ1]],
  ['h1-numa', 'h1', { MEMORY_MB: { total: 333, allocation_ratio: 1.1 } }, ['HW_CPU_X86_AVX2'], []],
  ['h1-gpu0', 'h1-numa', { VGPU: { total: 2 } }, ['CUSTOM_SSD'], []],
  ['Host-2', null, { VCPU: { total: 4 } }, ['CUSTOM_SSD'], [AZ1, AZ2]],
  ['h3', null, { VCPU: { total: 16 } }, [], [AZ2]],
  ['pool', null, { DISK_GB: { total: 100 } }, [SHARES], [AZ1]],
  ['empty', null, null, [], []],
];
