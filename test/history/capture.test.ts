import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import type { Change } from '../../src/history/model.js';
import { connect, sql } from '../support/database.js';
import { assertChained, changesSince, historyNow, told } from '../support/history.js';
import { createProvider, setInventories, startTestService, type TestService } from '../support/service.js';

describe('What the history records', () => {
  let test: TestService;
  let since: string;
  let hosts: string[];
  before(async () => {
    test = await startTestService();
  });
  after(() => test.close());
  beforeEach(async () => {
    hosts = [];
    for (let i = 0; i < 2; i++) {
      const host = await createProvider(test.api, randomUUID());
      await setInventories(test.api, host, { VCPU: { total: 1000 }, MEMORY_MB: { total: 1000 } });
      hosts.push(host);
    }
    since = await historyNow(test.api);
  });

  const host = (index = 0): string => hosts[index] ?? '';
  const on = (resources: Record<string, number>, index = 0): object => ({ [host(index)]: { resources } });
  const claim = (consumer: string, allocations: object, generation: number | null, user = 'admin') =>
    test.api
      .put(`/allocations/${consumer}`, {
        allocations,
        project_id: 'p1',
        user_id: 'u1',
        consumer_type: 'INSTANCE',
        consumer_generation: generation,
      })
      .set('x-auth-token', user);
  const typed = async (...statements: string[]): Promise<void> => {
    const session = await connect(test.databaseUrl);
    for (const statement of statements) await session.query(statement);
    await session.end();
  };
  /** By consumer and provider. */
  const allocations = (changes: readonly Change[]): object[] =>
    changes.map(({ consumer, provider, before, after }) => [consumer?.uuid, provider?.uuid, before, after]);

  it('gives each of 100 claims at once its own request and user, also when they are written in groups', async () => {
    const consumers = Array.from({ length: 100 }, () => randomUUID());
    const ids = new Map<string, string>();
    await Promise.all(
      consumers.map(async (consumer, i) => {
        const { headers } = await claim(consumer, on({ VCPU: 1 }), null, `admin:project-${i}`).expect(204);
        ids.set(consumer, headers['x-openstack-request-id'] as string);
      }),
    );
    const changes = await changesSince(test.api, since, 'limit=1000');
    assert.equal(changes.length, 100);
    assert.ok(new Set(changes.map(({ transaction }) => transaction)).size < 100, 'some were written together');
    for (const { consumer, request } of changes) {
      assert.equal(request?.id, ids.get(consumer?.uuid ?? ''));
      const index = consumers.findIndex((uuid) => uuid === consumer?.uuid);
      assert.equal(request?.project_id, `project-${index}`);
    }
  });

  it('finds each claim of a group by its request, whatever its project is called', async () => {
    const projects = ['plain', 'with "quotes"', String.raw`with \ and \u0041`, '[1, {}]', "it's"];
    const requests = await Promise.all(
      projects.map(async (project) => {
        const { headers } = await claim(randomUUID(), on({ VCPU: 1 }), null, `admin:${project}`).expect(204);
        return headers['x-openstack-request-id'] as string;
      }),
    );
    const found = await Promise.all(requests.map((id) => changesSince(test.api, since, `request=${id}`)));
    assert.deepEqual(
      found.map((changes) => changes.map(({ request }) => [request?.id, request?.project_id])),
      projects.map((project, i) => [[requests[i], project]]),
    );
  });

  it('knows the requests of versions that wrote a row for each', async () => {
    const consumers = ['a', 'b'].map((name) => `${name}${randomUUID().slice(1)}`);
    await typed(
      'begin',
      `insert into projects (external_id) values ('p1') on conflict do nothing`,
      `insert into users (external_id) values ('u1') on conflict do nothing`,
      ...consumers.map(
        (uuid) => `insert into consumers (uuid, project_id, user_id)
          select '${uuid}', p.id, u.id from projects p, users u where p.external_id = 'p1' and u.external_id = 'u1'`,
      ),
      `insert into allocations (consumer_id, resource_provider_id, resource_class_id, used)
        select c.id, p.id, 0, 1 from consumers c, resource_providers p
        where c.uuid in ('${consumers.join("', '")}') and p.uuid = '${host()}'`,
      ...consumers.map(
        (uuid, i) => `insert into history_requests (n, request_id, user_id, route, version, consumers)
          values (${i + 1}, 'req-of-${uuid}', 'user-${i}', 'PUT /allocations/{consumer_uuid}', '1.36', '{${uuid}}')`,
      ),
      'commit',
    );
    const changes = await changesSince(test.api, since);
    assert.deepEqual(
      changes.map(({ consumer, request }) => [consumer?.uuid, request?.id, request?.user_id]).sort(),
      consumers.map((uuid, i) => [uuid, `req-of-${uuid}`, `user-${i}`]),
    );
    const [one] = await changesSince(test.api, since, `request=req-of-${consumers[1] ?? ''}`);
    assert.equal(one?.consumer?.uuid, consumers[1]);
  });

  it('says of changes by hand who typed them, also after a request in the same session', async () => {
    await typed(
      `begin; select set_config('stockroom.request', '["req-1", null, "nova", null, "PUT /traits/{name}", "1.36", null]', true)`,
      `insert into traits (name) values ('CUSTOM_BY_REQUEST'); commit`,
      `insert into traits (name) values ('CUSTOM_BY_HAND')`,
      `delete from traits where name in ('CUSTOM_BY_REQUEST', 'CUSTOM_BY_HAND')`,
    );
    const changes = await changesSince(test.api, since, 'kind=trait');
    assert.deepEqual(
      changes.map(({ name, request }) => [name, request?.id]),
      [
        ['CUSTOM_BY_REQUEST', 'req-1'],
        ['CUSTOM_BY_HAND', undefined],
        ['CUSTOM_BY_REQUEST', undefined],
        ['CUSTOM_BY_HAND', undefined],
      ],
    );
  });

  it('has both ends of a move, and of a swap of owners', async () => {
    const [instance, migration] = [randomUUID(), randomUUID()];
    await claim(instance, on({ VCPU: 2 }), null).expect(204);
    const owner = { project_id: 'p1', user_id: 'u1', consumer_type: 'INSTANCE' };
    await test.api
      .post('/allocations', {
        [instance]: { ...owner, allocations: on({ VCPU: 2 }, 1), consumer_generation: 1 },
        [migration]: { ...owner, allocations: on({ VCPU: 2 }), consumer_type: 'MIGRATION', consumer_generation: null },
      })
      .expect(204);
    await test.api
      .put(`/allocations/${instance}`, {
        ...owner,
        user_id: 'u2',
        allocations: on({ VCPU: 2 }, 1),
        consumer_generation: 2,
      })
      .expect(204);
    const [created, ...moved] = await changesSince(test.api, since);
    assert.equal(created?.action, 'created');
    const owners = moved.pop() as Change;
    const expected = [
      [instance, host(), { VCPU: 2 }, null],
      [instance, host(1), null, { VCPU: 2 }],
      [migration, host(), null, { VCPU: 2 }],
    ];
    const text = (rows: unknown[]): string[] => rows.map((row) => JSON.stringify(row)).sort();
    assert.deepEqual(text(allocations(moved)), text(expected));
    assert.deepEqual(new Set(moved.map(({ request }) => request?.route)), new Set(['POST /allocations']));
    assert.deepEqual(told(owners), {
      kind: 'consumer',
      action: 'changed',
      before: { project_id: 'p1', user_id: 'u1', consumer_type: 'INSTANCE' },
      after: { project_id: 'p1', user_id: 'u2', consumer_type: 'INSTANCE' },
    });
  });

  it('has all of a reshape under one request', async () => {
    const consumer = randomUUID();
    await claim(consumer, on({ VCPU: 2, MEMORY_MB: 10 }), null).expect(204);
    const before = await historyNow(test.api);
    const generation = async (uuid: string): Promise<number> =>
      ((await test.api.get(`/resource_providers/${uuid}`)).body as { generation: number }).generation;
    await test.api
      .post('/reshaper', {
        inventories: {
          [host()]: {
            resource_provider_generation: await generation(host()),
            inventories: { MEMORY_MB: { total: 1000 } },
          },
          [host(1)]: {
            resource_provider_generation: await generation(host(1)),
            inventories: { VCPU: { total: 2000 }, MEMORY_MB: { total: 1000 } },
          },
        },
        allocations: {
          [consumer]: {
            allocations: { ...on({ MEMORY_MB: 10 }), ...on({ VCPU: 2 }, 1) },
            project_id: 'p1',
            user_id: 'u1',
            consumer_type: 'INSTANCE',
            consumer_generation: 1,
          },
        },
      })
      .expect(204);
    const changes = await changesSince(test.api, before);
    const summary = changes.map(({ kind, action, name, provider, before: was, after }) =>
      JSON.stringify([
        kind,
        action,
        name,
        provider?.uuid,
        was?.['total'] ?? was?.['VCPU'],
        after?.['total'] ?? after?.['VCPU'],
      ]),
    );
    assert.deepEqual(
      summary.sort(),
      [
        ['allocations', 'changed', undefined, host(), 2, undefined],
        ['allocations', 'created', undefined, host(1), undefined, 2],
        ['inventory', 'changed', 'VCPU', host(1), 1000, 2000],
        ['inventory', 'deleted', 'VCPU', host(), 1000, undefined],
      ]
        .map((row) => JSON.stringify(row))
        .sort(),
    );
    assert.deepEqual(new Set(changes.map(({ request }) => request?.route)), new Set(['POST /reshaper']));
    assert.equal(new Set(changes.map(({ request }) => request?.id)).size, 1);
  });

  it('has the whole of what a consumer holds before and after, whichever rows hand-typed SQL touches', async () => {
    const consumer = randomUUID();
    await claim(consumer, on({ VCPU: 2, MEMORY_MB: 10 }), null).expect(204);
    since = await historyNow(test.api);
    const id = `(select id from consumers where uuid = '${consumer}')`;
    const provider = `(select id from resource_providers where uuid = '${host()}')`;
    const classId = (name: string): string => `(select id from resource_classes where name = '${name}')`;
    const where = (name: string): string => `where consumer_id = ${id} and resource_class_id = ${classId(name)}`;
    const insert = (name: string): string =>
      `insert into allocations (consumer_id, resource_provider_id, resource_class_id, used) values (${id}, ${provider}, ${classId(name)}, 7)`;
    await typed(`update allocations set used = 3 ${where('VCPU')}`);
    await typed(`delete from allocations ${where('VCPU')}`);
    await typed(insert('VCPU'));
    // Several statements of one transaction are one change.
    await typed(
      'begin',
      `delete from allocations ${where('VCPU')}`,
      insert('VCPU'),
      `delete from allocations ${where('MEMORY_MB')}`,
      'commit',
    );
    await typed('begin', `delete from allocations ${where('VCPU')}`, insert('VCPU'), 'commit');
    const changes = await changesSince(test.api, since, `consumer=${consumer}`);
    assert.deepEqual(
      changes.map(({ before, after }) => [before, after]),
      [
        [
          { VCPU: 2, MEMORY_MB: 10 },
          { VCPU: 3, MEMORY_MB: 10 },
        ],
        [{ VCPU: 3, MEMORY_MB: 10 }, { MEMORY_MB: 10 }],
        [{ MEMORY_MB: 10 }, { VCPU: 7, MEMORY_MB: 10 }],
        [{ VCPU: 7, MEMORY_MB: 10 }, { VCPU: 7 }],
      ],
    );
    assertChained(changes);
  });

  it('finds a consumer that was removed and came back by its uuid', async () => {
    const consumer = randomUUID();
    for (const amount of [1, 2]) {
      await claim(consumer, on({ VCPU: amount }), null).expect(204);
      await test.api.delete(`/allocations/${consumer}`).expect(204);
    }
    const changes = await changesSince(test.api, since, `consumer=${consumer}`);
    assert.deepEqual(
      changes.map(({ before, after }) => [before?.['VCPU'], after?.['VCPU']]),
      [
        [undefined, 1],
        [1, undefined],
        [undefined, 2],
        [2, undefined],
      ],
    );
    assert.deepEqual(changes[0]?.consumer, { uuid: consumer, type: 'INSTANCE', project_id: 'p1', user_id: 'u1' });
  });

  it('tells all who filter that a table was emptied', async () => {
    await sql(test.databaseUrl, 'truncate allocations');
    const [change] = (await changesSince(test.api, since, `provider=${host()}&kind=traits`)) as [Change];
    assert.deepEqual(told(change), {
      kind: 'everything',
      action: 'deleted',
      name: 'allocations',
      before: null,
      after: null,
    });
    assert.equal(change.request, null);
  });

  it('records nothing of requests that are rejected', async () => {
    const consumer = randomUUID();
    await claim(consumer, on({ VCPU: 1001 }), null).expect(409);
    await claim(consumer, on({ VCPU: 1 }), 5).expect(409);
    await test.api.delete(`/resource_providers/${randomUUID()}`).expect(404);
    await test.api
      .put(`/resource_providers/${host()}/inventories`, { resource_provider_generation: 99, inventories: {} })
      .expect(409);
    assert.deepEqual(await changesSince(test.api, since), []);
    const requests = await sql(
      test.databaseUrl,
      `select r.request_id from history_requests r where not exists (select from history_changes c where c.xid = r.xid)`,
    );
    assert.deepEqual(requests, []);
  });
});
