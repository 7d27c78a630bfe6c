import assert from 'node:assert/strict';
import { createTestDatabase, dropTestDatabase, sql } from '../support/database.js';
import { claim } from '../support/claims.js';
import { createProvider, setInventories, startTestService, type TestService } from '../support/service.js';

const QUERY = '/allocation_candidates?resources=VCPU:1';

/** Responses with allocation candidates are sent again until something changes, by any client of any process. */
describe('allocation candidates that were asked for before', () => {
  let url: string;
  let test: TestService;
  let other: TestService;
  let host: string;

  beforeEach(async () => {
    url = await createTestDatabase();
    test = await startTestService({ databaseUrl: url });
    other = await startTestService({ databaseUrl: url });
    host = await createProvider(test.api, 'host');
    await setInventories(test.api, host, { VCPU: { total: 100 }, DISK_GB: { total: 100 } });
    for (let n = 0; n < 2; n++) await test.api.get(QUERY).expect(200);
  });
  afterEach(async () => {
    await Promise.all([test.close(), other.close()]);
    await dropTestDatabase(url);
  });

  const metric = async (name: string, { service } = test): Promise<readonly Sample[]> =>
    (await service.metrics.snapshot()).find((one) => one.name === name)?.values ?? [];
  const sentAgain = async (service = test): Promise<number | undefined> =>
    (await metric('stockroom_candidates_search_duration_seconds', service)).find(
      ({ labels, metricName }) => labels['outcome'] === 'cached' && metricName?.endsWith('_count'),
    )?.value;
  const shown = async ({ api }: TestService, query = QUERY): Promise<unknown> =>
    (await api.get(query).expect(200)).body;

  it('are sent again to the byte, in the version that is asked for', async () => {
    assert.equal(await sentAgain(), 1);
    assert.ok((await metric('stockroom_candidates_cache_bytes'))[0]!.value > 0);
    const first = await other.api.get(QUERY).expect(200);
    const again = await test.api.get(QUERY).expect(200);
    assert.equal(again.text, first.text);
    assert.equal(again.headers['cache-control'], 'no-cache');
    assert.equal(await sentAgain(), 2);
    for (const version of ['1.10', '1.12', '1.17', '1.29', '1.34']) {
      const expected = await other.api.get(QUERY, version).expect(200);
      for (let n = 0; n < 2; n++) assert.equal((await test.api.get(QUERY, version).expect(200)).text, expected.text);
    }
  });

  it('are searched again for another query', async () => {
    const queries = [`${QUERY}&limit=1`, `${QUERY}&in_tree=${host}`, '/allocation_candidates?resources=DISK_GB:1'];
    for (const query of queries) assert.deepEqual(await shown(test, query), await shown(other, query));
    assert.equal(await sentAgain(), 1);
  });

  const statements: [what: string, statement: string][] = [
    ['an inventory', `update inventories set total = 50 where resource_class_id = 0`],
    ['an inventory that goes', `delete from inventories where resource_class_id = 2`],
    [
      'an inventory that comes',
      `insert into inventories (resource_provider_id, resource_class_id, total, reserved, min_unit, max_unit, step_size, allocation_ratio)
       select resource_provider_id, 1, total, reserved, min_unit, max_unit, step_size, allocation_ratio from inventories where resource_class_id = 0`,
    ],
    [
      'a trait',
      `insert into resource_provider_traits (resource_provider_id, trait_id) select id, 1 from resource_providers`,
    ],
    ['the name of a class', `update resource_classes set name = 'CUSTOM_DISK' where name = 'DISK_GB'`],
    ['a provider that goes', `delete from inventories; delete from resource_providers`],
  ];
  for (const [what, statement] of statements) {
    it(`are right after a change of ${what}`, async () => {
      await sql(url, statement);
      const stranger = await startTestService({ databaseUrl: url });
      try {
        assert.deepEqual(await shown(test), await shown(stranger));
      } finally {
        await stranger.close();
      }
      assert.equal(await sentAgain(), 1, 'it is a new search');
    });
  }

  it('show at once what was claimed through another process', async () => {
    for (let used = 1; used <= 5; used++) {
      await claim(other.api, { [host]: { VCPU: 1 } }).expect(204);
      for (let n = 0; n < 2; n++) {
        const { provider_summaries: summaries } = (await shown(test)) as {
          provider_summaries: Record<string, { resources: Record<string, { used: number }> }>;
        };
        assert.equal(summaries[host]?.resources['VCPU']?.used, used);
      }
    }
    assert.equal(await sentAgain(), 6, 'one of each two was sent again');
  });

  it('are not kept when nothing fits: each such request is logged', async () => {
    for (let n = 0; n < 3; n++) {
      const { allocation_requests: found } = (await shown(test, '/allocation_candidates?resources=VCPU:101')) as {
        allocation_requests: unknown[];
      };
      assert.deepEqual(found, []);
    }
    assert.equal(await sentAgain(), 1);
  });

  it('are not kept when they come in random order', async () => {
    const random = await startTestService({ databaseUrl: url, config: { randomizeAllocationCandidates: true } });
    try {
      for (let n = 0; n < 10; n++)
        await setInventories(test.api, await createProvider(test.api, `host ${n}`), { VCPU: { total: 1 } });
      const orders = new Set<string>();
      for (let n = 0; n < 10; n++) orders.add((await random.api.get(`${QUERY}&limit=1`).expect(200)).text);
      assert.ok(orders.size > 1, 'ten requests of eleven hosts found one host');
      assert.equal(await sentAgain(random), 0);
    } finally {
      await random.close();
    }
  });
});

interface Sample {
  readonly value: number;
  readonly labels: Partial<Record<string, string | number>>;
  readonly metricName?: string;
}
