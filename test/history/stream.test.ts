import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import type { Change } from '../../src/history/model.js';
import { sql } from '../support/database.js';
import { changesPage, changesSince, historyNow, told } from '../support/history.js';
import {
  codeOf,
  createProvider,
  messageOf,
  setInventories,
  startTestService,
  type TestService,
} from '../support/service.js';
import { until } from '../support/until.js';

describe('GET /stockroom/changes', () => {
  let test: TestService;
  let since: string;
  before(async () => {
    test = await startTestService();
  });
  after(() => test.close());
  beforeEach(async () => {
    since = await historyNow(test.api);
  });

  const claim = (consumer: string, allocations: object, generation: number | null) =>
    test.api
      .put(`/allocations/${consumer}`, {
        allocations,
        project_id: 'p1',
        user_id: 'u1',
        consumer_type: 'INSTANCE',
        consumer_generation: generation,
      })
      .expect(204);

  it('tells of a claim, its change and its end, with the request that asked for each', async () => {
    const host = await createProvider(test.api, 'h1');
    await setInventories(test.api, host, { VCPU: { total: 8 }, MEMORY_MB: { total: 1024 } });
    const consumer = randomUUID();
    await claim(consumer, { [host]: { resources: { VCPU: 4, MEMORY_MB: 512 } } }, null);
    await claim(consumer, { [host]: { resources: { VCPU: 2, MEMORY_MB: 512 } } }, 1);
    // Nothing changes but a generation.
    await claim(consumer, { [host]: { resources: { VCPU: 2, MEMORY_MB: 512 } } }, 2);
    await test.api.delete(`/allocations/${consumer}`).expect(204);

    const changes = await changesSince(test.api, since);
    const numbers = { reserved: 0, min_unit: 1, max_unit: 2147483647, step_size: 1, allocation_ratio: 1 };
    assert.deepEqual(changes.map(told).slice(0, 1), [
      { kind: 'provider', action: 'created', before: null, after: { name: 'h1', parent_provider_uuid: null } },
    ]);
    assert.deepEqual(
      new Set(
        changes
          .map(told)
          .slice(1, 3)
          .map((one) => JSON.stringify(Object.entries(one))),
      ).size,
      2,
    );
    const inventories = changes.slice(1, 3).sort((a, b) => ((a.name ?? '') < (b.name ?? '') ? 1 : -1));
    assert.deepEqual(inventories.map(told), [
      { kind: 'inventory', action: 'created', name: 'VCPU', before: null, after: { total: 8, ...numbers } },
      { kind: 'inventory', action: 'created', name: 'MEMORY_MB', before: null, after: { total: 1024, ...numbers } },
    ]);
    assert.deepEqual(changes.slice(3).map(told), [
      { kind: 'allocations', action: 'created', before: null, after: { VCPU: 4, MEMORY_MB: 512 } },
      {
        kind: 'allocations',
        action: 'changed',
        before: { VCPU: 4, MEMORY_MB: 512 },
        after: { VCPU: 2, MEMORY_MB: 512 },
      },
      { kind: 'allocations', action: 'deleted', before: { VCPU: 2, MEMORY_MB: 512 }, after: null },
    ]);
    for (const { provider } of changes) assert.deepEqual(provider, { uuid: host, name: 'h1' });
    assert.deepEqual(changes[3]?.consumer, { uuid: consumer, type: 'INSTANCE', project_id: 'p1', user_id: 'u1' });
    const claimed = changes[3];
    const routes = changes.map(({ request }) => request?.route);
    assert.deepEqual(routes.slice(2), [
      'PUT /resource_providers/{uuid}/inventories',
      'PUT /allocations/{consumer_uuid}',
      'PUT /allocations/{consumer_uuid}',
      'DELETE /allocations/{consumer_uuid}',
    ]);
    assert.equal(claimed.request?.version, '1.39');
    assert.equal(claimed.request.user_id, 'admin');
  });

  it('has the id of the response, and the global one of the caller', async () => {
    const globalId = `req-${randomUUID()}`;
    const { headers } = await test.api
      .post('/resource_providers', { name: 'h2' })
      .set('x-openstack-request-id', globalId)
      .expect(200);
    const own = headers['x-openstack-request-id'] as string;
    const [change] = (await changesSince(test.api, since)) as [Change];
    assert.deepEqual([change.request?.id, change.request?.global_id], [own, globalId]);
    for (const id of [own, globalId]) {
      const found = await changesSince(test.api, since, `request=${id}`);
      assert.deepEqual(found, [change]);
    }
    assert.deepEqual(await changesSince(test.api, since, `request=req-${randomUUID()}`), []);
  });

  it('tells of hand-typed SQL, with the name of the database user', async () => {
    await sql(
      test.databaseUrl,
      `insert into resource_providers (id, uuid, name, root_provider_id)
       select id, gen_random_uuid(), 'typed', id from nextval(pg_get_serial_sequence('resource_providers', 'id')) as fresh (id)`,
    );
    const [change] = (await changesSince(test.api, since)) as [Change];
    const [{ user } = {}] = await sql<{ user: string }>(test.databaseUrl, 'select session_user as user');
    assert.deepEqual([change.request, change.by], [null, { database_user: user }]);
  });

  it('shows no request for a change by hand whose session has set something else in its place', async () => {
    const texts = [
      'me',
      '"me"',
      '{"0": "me"}',
      '["me"]',
      '[',
      String.raw`["a\u0000"]`,
      '['.repeat(100_000),
      `["${'x'.repeat(1000)}", 1e999999]`,
    ];
    for (const [i, text] of texts.entries()) {
      await sql(
        test.databaseUrl,
        `with noted as materialized (select set_config('stockroom.request', $1, true))
         insert into traits (name) select $2 from noted where set_config is not null`,
        [text, `CUSTOM_NOTED_${i}`],
      );
    }
    const noted = await sql<{ request: string }>(
      test.databaseUrl,
      `select request from history_changes where name like 'CUSTOM_NOTED%' order by seq`,
    );
    assert.deepEqual(
      noted.map(({ request }) => request),
      texts,
    );
    const changes = await changesSince(test.api, since);
    assert.deepEqual(
      changes.map(({ name, request }) => [name, request]),
      texts.map((_, i) => [`CUSTOM_NOTED_${i}`, null]),
    );
    assert.deepEqual(await changesSince(test.api, since, `request=req-${randomUUID()}`), []);
  });

  it('tells of traits, aggregates, names and moves, and nothing of requests that change nothing', async () => {
    const [host, other] = [await createProvider(test.api, 'h3'), await createProvider(test.api, 'h4')];
    since = await historyNow(test.api);
    await test.api.put('/traits/CUSTOM_A').expect(201);
    await test.api.put('/traits/CUSTOM_A').expect(204);
    await test.api.put('/resource_classes/CUSTOM_GOLD').expect(201);
    const traits = (names: string[], generation: number) =>
      test.api
        .put(`/resource_providers/${host}/traits`, { traits: names, resource_provider_generation: generation })
        .expect(200);
    await traits(['CUSTOM_A', 'HW_CPU_X86_AVX'], 0);
    await traits(['CUSTOM_A', 'HW_CPU_X86_AVX'], 1);
    await traits(['HW_CPU_X86_AVX', 'HW_CPU_X86_SSE'], 1);
    const aggregate = randomUUID();
    await test.api
      .put(`/resource_providers/${host}/aggregates`, { aggregates: [aggregate], resource_provider_generation: 2 })
      .expect(200);
    await test.api
      .put(`/resource_providers/${host}/aggregates`, { aggregates: [aggregate], resource_provider_generation: 3 })
      .expect(200);
    await test.api.put(`/resource_providers/${host}`, { name: 'h3', parent_provider_uuid: other }).expect(200);
    await test.api.put(`/resource_providers/${host}`, { name: 'h3', parent_provider_uuid: other }).expect(200);
    await test.api.put(`/resource_providers/${host}`, { name: 'h3b' }).expect(200);
    await test.api.delete(`/resource_providers/${host}`).expect(204);

    const changed = { action: 'changed', before: null };
    assert.deepEqual((await changesSince(test.api, since)).map(told), [
      { kind: 'trait', action: 'created', name: 'CUSTOM_A', before: null, after: { name: 'CUSTOM_A' } },
      { kind: 'resource_class', action: 'created', name: 'CUSTOM_GOLD', before: null, after: { name: 'CUSTOM_GOLD' } },
      { kind: 'traits', ...changed, after: { added: ['CUSTOM_A', 'HW_CPU_X86_AVX'], removed: [] } },
      { kind: 'traits', ...changed, after: { added: ['HW_CPU_X86_SSE'], removed: ['CUSTOM_A'] } },
      { kind: 'aggregates', ...changed, after: { added: [aggregate], removed: [] } },
      {
        kind: 'provider',
        action: 'changed',
        before: { name: 'h3', parent_provider_uuid: null },
        after: { name: 'h3', parent_provider_uuid: other },
      },
      {
        kind: 'provider',
        action: 'changed',
        before: { name: 'h3', parent_provider_uuid: other },
        after: { name: 'h3b', parent_provider_uuid: other },
      },
      { kind: 'provider', action: 'deleted', before: { name: 'h3b', parent_provider_uuid: other }, after: null },
      { kind: 'traits', ...changed, after: { added: [], removed: ['HW_CPU_X86_AVX', 'HW_CPU_X86_SSE'] } },
      { kind: 'aggregates', ...changed, after: { added: [], removed: [aggregate] } },
    ]);
    // It is gone, and its history is found by its uuid.
    const found = await changesSince(test.api, since, `provider=${host}`);
    assert.equal(found.length, 8);
    assert.deepEqual(found[0]?.provider, { uuid: host, name: 'h3b' });
    assert.equal((await changesSince(test.api, since, `provider=${host}&kind=provider,aggregates`)).length, 5);
  });

  it('reads backwards what it tells forwards, in pages', async () => {
    for (let i = 0; i < 7; i++) {
      await createProvider(test.api, `back-${i}`);
      if (i % 3 === 0) await historyNow(test.api);
    }
    const forwards = await changesSince(test.api, since);
    assert.equal(forwards.length, 7);
    for (const limit of [1, 2, 1000]) {
      const pages = await changesSince(test.api, since, `limit=${limit}`);
      assert.deepEqual(pages, forwards);
      const backwards = [];
      for (let place = '', more = true; more && backwards.length < 7;) {
        const page = await changesPage(test.api, `order=newest&limit=${limit}${place}`);
        backwards.push(...page.changes);
        place = `&before=${page.next}`;
        ({ more } = page);
      }
      assert.deepEqual(backwards.slice(0, 7), forwards.toReversed());
    }
    const { next, more } = await changesPage(test.api, 'order=newest&limit=1000');
    assert.equal(more, false);
    assert.deepEqual((await changesPage(test.api, `order=newest&before=${next}`)).changes, []);
  });

  it('waits for changes, and not longer than it is told to', async () => {
    const empty = await changesPage(test.api, `since=${since}&wait=1`);
    assert.deepEqual([empty.changes, empty.more], [[], false]);
    const waiting = changesPage(test.api, `since=${since}&wait=60`);
    const elsewhere = changesPage(test.api, `since=${since}&wait=60&provider=${randomUUID()}`);
    await until('both wait', () => test.service.history.waiting() === 2);
    await createProvider(test.api, 'awaited');
    const { changes } = await waiting;
    assert.deepEqual(
      changes.map(({ provider }) => provider?.name),
      ['awaited'],
    );
    await until('the other one waits again', () => test.service.history.waiting() === 1);
    test.service.history.close();
    assert.deepEqual((await elsewhere).changes, []);
  });

  it('rejects what is malformed or has no meaning together', async () => {
    for (const query of [
      'since=yesterday',
      'since=1.2',
      'since=2026-11-25T21:00:00',
      'order=sideways',
      'limit=0',
      'limit=1001',
      'wait=61',
      'kind=allocations,nonsense',
      'kind=everything',
      'provider=h1',
      'consumer=x',
      'request=',
      'order=newest&since=start',
      'order=newest&wait=1',
      'before=1.1.1',
      'limit=1&limit=2',
      'order=newest&before=now',
    ]) {
      const { body } = await test.api.get(`/stockroom/changes?${query}`).expect(400);
      assert.equal(codeOf(body), 'placement.query.bad_value', query);
      assert.match(messageOf(body), /: expected .*, got /, query);
    }
    await test.api.get('/stockroom/changes?nonsense=1').expect(400);
  });
});
