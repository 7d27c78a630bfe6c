import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { sql } from '../support/database.js';
import { startTestService, type TestService } from '../support/service.js';
import { processorUnit, watchStretches } from '../support/processor-time.js';
import { sendElsewhere, type Response } from '../support/raw-request.js';
import { until } from '../support/until.js';

const MOST_UNITS = 8;

/** Other clients wait while a request of any kind blocks the event loop. */
describe('a large body', function () {
  let service: TestService;
  let provider: string;
  before(async () => {
    // The statements of the largest take seconds, and half a minute on a machine that does much else.
    service = await startTestService({ config: { statementTimeout: 600 } });
    provider = randomUUID();
    await service.api.post('/resource_providers', { name: 'a', uuid: provider }).expect(200);
    const body = { resource_provider_generation: 0, inventories: { VCPU: { total: 1_000_000 } } };
    await service.api.put(`/resource_providers/${provider}/inventories`, body).expect(200);
  });
  after(() => service.close());

  /**
   * Sends a body, and measures how long the event loop was held at most: in processor time, which tells the same on a busy machine, in the
   * unit of what JSON.parse takes for 8 MB just now.
   */
  async function held(method: string, path: string, body: string): Promise<{ response: Response; units: number }> {
    const unit = processorUnit();
    const stretches = watchStretches();
    const headers = { 'content-type': 'application/json', 'openstack-api-version': 'placement 1.39' };
    const response = await sendElsewhere(service.url, { method, path, headers, body });
    stretches.stop();
    return { response, units: stretches.longest() / unit };
  }

  const inventories = () => `/resource_providers/${provider}/inventories`;
  const members = (count: number) => Array.from({ length: count }, (_, index) => `"k${index}":1`).join();

  for (const [what, body] of [
    ['700,000 unknown members', `{"resource_provider_generation":1,"inventories":{},${members(700_000)}}`],
    ['90,000 unknown members', `{"resource_provider_generation":1,"inventories":{},${members(90_000)}}`],
    ['600,000 classes', `{"resource_provider_generation":1,"inventories":{${members(600_000)}}}`],
    ['5,000,000 brackets', '['.repeat(5_000_000) + ']'.repeat(5_000_000)],
  ] as const) {
    it(`of ${what} is rejected, and holds nothing up`, async () => {
      const { response, units } = await held('PUT', inventories(), body);
      assert.equal(response.status, 400, response.text);
      assert.ok(response.text.length < 2000);
      assert.ok(units < MOST_UNITS, `held for ${units.toFixed(1)} times JSON.parse`);
    });
  }

  it('of 40,000 consumers is written, and holds nothing up', async () => {
    const claim = {
      allocations: { [provider]: { resources: { VCPU: 1 } } },
      ...{ project_id: 'p', user_id: 'u', consumer_generation: null, consumer_type: 'INSTANCE' },
    };
    const body = JSON.stringify(Object.fromEntries(Array.from({ length: 40_000 }, () => [randomUUID(), claim])));
    const { response, units } = await held('POST', '/allocations', body);
    assert.equal(response.status, 204, response.text);
    assert.ok(units < MOST_UNITS, `held for ${units.toFixed(1)} times JSON.parse`);
    const [row] = await sql<{ used: number }>(service.databaseUrl, 'select used::int from inventories');
    assert.equal(row?.used, 40_000);
  });

  it('of one consumer on 3,000 providers is written, read and rejected as a small one is', async () => {
    await sql(
      service.databaseUrl,
      `insert into resource_providers (id, uuid, name, root_provider_id)
         select n, gen_random_uuid(), 'host-' || n, n from generate_series(100001, 103000) n`,
    );
    await sql(
      service.databaseUrl,
      `insert into inventories (resource_provider_id, resource_class_id, total, reserved, min_unit, max_unit, step_size, allocation_ratio)
         select n, 0, 4, 0, 1, 4, 1, 1 from generate_series(100001, 103000) n`,
    );
    const hosts = await sql<{ uuid: string }>(
      service.databaseUrl,
      'select uuid from resource_providers where id > 100000 order by id',
    );
    const path = `/allocations/${randomUUID()}`;
    const headers = { 'content-type': 'application/json', 'openstack-api-version': 'placement 1.39' };
    const ask = (method: string, body: string) => sendElsewhere(service.url, { method, path, headers, body });
    const amounts = new Map(hosts.map(({ uuid }) => [uuid, { VCPU: 3 }]));
    const bodyOf = (generation: number | null) =>
      JSON.stringify({
        allocations: Object.fromEntries(Array.from(amounts, ([uuid, resources]) => [uuid, { resources }])),
        ...{ project_id: 'p', user_id: 'u', consumer_generation: generation, consumer_type: 'INSTANCE' },
      });
    const written = await ask('PUT', bodyOf(null));
    assert.equal(written.status, 204, written.text);
    const read = await ask('GET', '');
    const { allocations } = JSON.parse(read.text) as { allocations: Record<string, { resources: object }> };
    assert.deepEqual(
      Object.entries(allocations).map(([uuid, { resources }]) => [uuid, resources]),
      [...amounts],
    );
    // The last of them is too small: all of the request is rejected.
    const last = hosts.at(-1)?.uuid ?? '';
    amounts.set(last, { VCPU: 5 });
    const rejected = await ask('PUT', bodyOf(1));
    assert.equal(rejected.status, 409);
    assert.ok(rejected.text.includes(last), rejected.text);
    await service.api.delete(path).expect(204);
    await sql(service.databaseUrl, 'delete from inventories where resource_provider_id > 100000');
    await sql(service.databaseUrl, 'delete from resource_providers where id > 100000');
  });

  it('of 200,000 aggregates is written, and one of them twice is rejected', async () => {
    const aggregates = Array.from({ length: 200_000 }, () => randomUUID());
    const path = `/resource_providers/${provider}/aggregates`;
    const bodyOf = (list: readonly string[], generation: number) =>
      JSON.stringify({ aggregates: list, resource_provider_generation: generation });
    const twice = await held('PUT', path, bodyOf([...aggregates, aggregates[7] ?? ''], 2));
    assert.equal(twice.response.status, 400);
    assert.match(twice.response.text, /has non-unique elements/);
    const { response, units } = await held('PUT', path, bodyOf(aggregates, 2));
    assert.equal(response.status, 200, response.text.slice(0, 500));
    assert.ok(units < MOST_UNITS, `held for ${units.toFixed(1)} times JSON.parse`);
    const [row] = await sql<{ count: number }>(
      service.databaseUrl,
      'select count(*)::int from resource_provider_aggregates',
    );
    assert.equal(row?.count, 200_000);
    await service.api.put(path, { aggregates: [], resource_provider_generation: 3 }).expect(200);
  });

  it('of 20,000 aggregates replaces 20,000 others, which are not compared one by one', async () => {
    const uuid = randomUUID();
    await service.api.post('/resource_providers', { name: uuid, uuid }).expect(200);
    const path = `/resource_providers/${uuid}/aggregates`;
    // With the usual work_mem it would take 200,000.
    await sql(
      service.databaseUrl,
      `do $$ begin execute format('alter database %I set work_mem = ''64kB''', current_database()); end $$`,
    );
    await sql(
      service.databaseUrl,
      'select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()',
    );
    await until('the service is connected again', async () => (await service.api.get('/traits')).status === 200);
    const times: number[] = [];
    for (const generation of [0, 1, 2]) {
      const aggregates = Array.from({ length: 20_000 }, () => randomUUID());
      const start = performance.now();
      const body = JSON.stringify({ aggregates, resource_provider_generation: generation });
      const { response } = await held('PUT', path, body);
      assert.equal(response.status, 200, response.text.slice(0, 500));
      times.push(performance.now() - start);
    }
    // The first only inserts. The others also delete as many; compared one by one that takes ten times as long and more. The
    // faster of them counts, because a busy machine may hold one up.
    const [inserting = 0, ...replacing] = times;
    const fastest = Math.min(...replacing);
    assert.ok(fastest < 6 * inserting, `${Math.round(inserting)} ms, then ${Math.round(fastest)} ms`);
    await service.api.put(path, { aggregates: [], resource_provider_generation: 3 }).expect(200);
  });
});
