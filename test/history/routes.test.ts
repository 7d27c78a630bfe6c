import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { routeTable, type RouteDependencies } from '../../src/app.js';
import { claim } from '../support/claims.js';
import { sql } from '../support/database.js';
import { changesSince, historyNow, told } from '../support/history.js';
import { createProvider, setInventories, startTestService, type Api, type TestService } from '../support/service.js';

/**
 * What a case works on: a host with VCPU and MEMORY_MB, of which the consumer has 1 VCPU; a spare host with VCPU and a trait, of which no consumer
 * has anything; and names that nothing has yet.
 */
interface World {
  readonly host: string;
  readonly name: string;
  readonly spare: string;
  readonly spareName: string;
  readonly consumer: string;
  readonly fresh: string;
  readonly custom: string;
}

interface Case {
  readonly route: string;
  readonly versions: readonly string[];
  readonly path: (world: World) => string;
  /** What has to be there first, beside the world. */
  readonly given?: (world: World, api: Api) => Promise<unknown>;
  /** The host has generation 2, the consumer 1. */
  readonly body?: (world: World, minor: number) => object;
  /** The same by hand. */
  readonly sql: (world: World) => readonly string[];
}

const providerId = (uuid: string): string => `(select id from resource_providers where uuid = '${uuid}')`;
const idOf = ({ host }: World): string => providerId(host);
const consumerOf = ({ consumer }: World): string => `(select id from consumers where uuid = '${consumer}')`;
const numbers = 'total = 9, reserved = 0, min_unit = 1, max_unit = 2147483647, step_size = 1, allocation_ratio = 1';
/** Whom a consumer belongs to that is written below 1.8. */
const unknown = '00000000-0000-0000-0000-000000000000';
const owner = { project_id: unknown, user_id: unknown };

/** The forms of a claim, and what goes with it, by version. */
function claimBody({ host }: World, minor: number, resources: object): object {
  return {
    allocations: minor < 12 ? [{ resource_provider: { uuid: host }, resources }] : { [host]: { resources } },
    ...(minor < 8 ? {} : owner),
    ...(minor < 28 ? {} : { consumer_generation: 1 }),
    ...(minor < 38 ? {} : { consumer_type: 'INSTANCE' }),
  };
}

const CASES: readonly Case[] = [
  {
    route: 'POST /resource_providers',
    versions: ['1.0', '1.14', '1.20', '1.39'],
    path: () => '/resource_providers',
    body: ({ fresh }) => ({ name: fresh, uuid: fresh }),
    sql: ({ fresh }) => [
      `insert into resource_providers (id, uuid, name, root_provider_id)
       select id, '${fresh}', '${fresh}', id from nextval(pg_get_serial_sequence('resource_providers', 'id')) n (id)`,
    ],
  },
  {
    route: 'PUT /resource_providers/{uuid}',
    versions: ['1.0', '1.14', '1.39'],
    path: ({ host }) => `/resource_providers/${host}`,
    body: ({ fresh }) => ({ name: fresh }),
    sql: ({ host, fresh }) => [`update resource_providers set name = '${fresh}' where uuid = '${host}'`],
  },
  {
    route: 'DELETE /resource_providers/{uuid}',
    versions: ['1.0', '1.39'],
    path: ({ spare }) => `/resource_providers/${spare}`,
    sql: ({ spare }) => [`delete from resource_providers where uuid = '${spare}'`],
  },
  {
    route: 'POST /resource_providers/{uuid}/inventories',
    versions: ['1.0', '1.39'],
    path: ({ host }) => `/resource_providers/${host}/inventories`,
    body: () => ({ resource_provider_generation: 2, resource_class: 'DISK_GB', total: 9 }),
    sql: (world) => [
      `insert into inventories (resource_provider_id, resource_class_id, total, reserved, min_unit, max_unit, step_size, allocation_ratio)
       select ${idOf(world)}, 2, 9, 0, 1, 2147483647, 1, 1`,
    ],
  },
  {
    route: 'PUT /resource_providers/{uuid}/inventories',
    versions: ['1.0', '1.26', '1.39'],
    path: ({ host }) => `/resource_providers/${host}/inventories`,
    body: () => ({ resource_provider_generation: 2, inventories: { VCPU: { total: 9 }, DISK_GB: { total: 9 } } }),
    sql: (world) => [
      `update inventories set ${numbers} where resource_provider_id = ${idOf(world)} and resource_class_id = 0`,
      `delete from inventories where resource_provider_id = ${idOf(world)} and resource_class_id = 1`,
      `insert into inventories (resource_provider_id, resource_class_id, total, reserved, min_unit, max_unit, step_size, allocation_ratio)
       select ${idOf(world)}, 2, 9, 0, 1, 2147483647, 1, 1`,
    ],
  },
  {
    route: 'DELETE /resource_providers/{uuid}/inventories',
    versions: ['1.5', '1.39'],
    path: ({ spare }) => `/resource_providers/${spare}/inventories`,
    sql: ({ spare }) => [`delete from inventories where resource_provider_id = ${providerId(spare)}`],
  },
  {
    route: 'PUT /resource_providers/{uuid}/inventories/{resource_class}',
    versions: ['1.0', '1.26', '1.39'],
    path: ({ host }) => `/resource_providers/${host}/inventories/VCPU`,
    body: () => ({ resource_provider_generation: 2, total: 9 }),
    sql: (world) => [
      `update inventories set ${numbers} where resource_provider_id = ${idOf(world)} and resource_class_id = 0`,
    ],
  },
  {
    route: 'DELETE /resource_providers/{uuid}/inventories/{resource_class}',
    versions: ['1.0', '1.39'],
    path: ({ host }) => `/resource_providers/${host}/inventories/MEMORY_MB`,
    sql: (world) => [`delete from inventories where resource_provider_id = ${idOf(world)} and resource_class_id = 1`],
  },
  {
    route: 'PUT /resource_providers/{uuid}/traits',
    versions: ['1.6', '1.39'],
    path: ({ host }) => `/resource_providers/${host}/traits`,
    body: () => ({ resource_provider_generation: 2, traits: ['HW_CPU_X86_AVX', 'HW_CPU_X86_SSE'] }),
    sql: (world) => [
      `insert into resource_provider_traits (resource_provider_id, trait_id)
       select ${idOf(world)}, id from traits where name in ('HW_CPU_X86_AVX', 'HW_CPU_X86_SSE')`,
    ],
  },
  {
    route: 'DELETE /resource_providers/{uuid}/traits',
    versions: ['1.6', '1.39'],
    path: ({ spare }) => `/resource_providers/${spare}/traits`,
    sql: ({ spare }) => [`delete from resource_provider_traits where resource_provider_id = ${providerId(spare)}`],
  },
  {
    route: 'PUT /resource_providers/{uuid}/aggregates',
    versions: ['1.1', '1.19', '1.39'],
    path: ({ host }) => `/resource_providers/${host}/aggregates`,
    body: ({ fresh }, minor) => (minor < 19 ? [fresh] : { resource_provider_generation: 2, aggregates: [fresh] }),
    sql: (world) => [
      `insert into resource_provider_aggregates (resource_provider_id, aggregate_uuid) values (${idOf(world)}, '${world.fresh}')`,
    ],
  },
  {
    route: 'PUT /allocations/{consumer_uuid}',
    versions: ['1.0', '1.8', '1.12', '1.28', '1.39'],
    path: ({ consumer }) => `/allocations/${consumer}`,
    body: (world, minor) => claimBody(world, minor, { VCPU: 3, MEMORY_MB: 2 }),
    sql: (world) => [
      `update allocations set used = 3 where consumer_id = ${consumerOf(world)}`,
      `insert into allocations (consumer_id, resource_provider_id, resource_class_id, used)
       select ${consumerOf(world)}, ${idOf(world)}, 1, 2`,
    ],
  },
  {
    route: 'POST /allocations',
    versions: ['1.13', '1.28', '1.39'],
    path: () => '/allocations',
    body: (world, minor) => ({ [world.consumer]: claimBody(world, minor, { MEMORY_MB: 2 }) }),
    sql: (world) => [
      `delete from allocations where consumer_id = ${consumerOf(world)}`,
      `insert into allocations (consumer_id, resource_provider_id, resource_class_id, used)
       select ${consumerOf(world)}, ${idOf(world)}, 1, 2`,
    ],
  },
  {
    route: 'DELETE /allocations/{consumer_uuid}',
    versions: ['1.0', '1.39'],
    path: ({ consumer }) => `/allocations/${consumer}`,
    sql: (world) => [
      `delete from allocations where consumer_id = ${consumerOf(world)}`,
      `delete from consumers where uuid = '${world.consumer}'`,
    ],
  },
  {
    route: 'POST /reshaper',
    versions: ['1.30', '1.39'],
    path: () => '/reshaper',
    body: (world, minor) => ({
      inventories: {
        [world.host]: {
          resource_provider_generation: 2,
          inventories: { VCPU: { total: 9 }, MEMORY_MB: { total: 100 } },
        },
      },
      allocations: { [world.consumer]: claimBody(world, minor, { VCPU: 2 }) },
    }),
    sql: (world) => [
      `update inventories set ${numbers} where resource_provider_id = ${idOf(world)} and resource_class_id = 0`,
      `update allocations set used = 2 where consumer_id = ${consumerOf(world)}`,
    ],
  },
  {
    route: 'PUT /traits/{name}',
    versions: ['1.6', '1.39'],
    path: ({ custom }) => `/traits/${custom}`,
    sql: ({ custom }) => [`insert into traits (name) values ('${custom}')`],
  },
  {
    route: 'DELETE /traits/{name}',
    versions: ['1.6', '1.39'],
    path: ({ custom }) => `/traits/${custom}`,
    given: ({ custom }, api) => api.put(`/traits/${custom}`).expect(201),
    sql: ({ custom }) => [`delete from traits where name = '${custom}'`],
  },
  {
    route: 'POST /resource_classes',
    versions: ['1.2', '1.39'],
    path: () => '/resource_classes',
    body: ({ custom }) => ({ name: custom }),
    sql: ({ custom }) => [
      `insert into resource_classes (id, name) values (nextval('resource_classes_custom_id'), '${custom}')`,
    ],
  },
  {
    route: 'PUT /resource_classes/{name}',
    versions: ['1.2', '1.6'],
    path: ({ custom }) => `/resource_classes/${custom}`,
    given: ({ custom }, api) => api.put(`/resource_classes/${custom}`).expect(201),
    body: ({ custom }) => ({ name: `${custom}_RENAMED` }),
    sql: ({ custom }) => [`update resource_classes set name = '${custom}_RENAMED' where name = '${custom}'`],
  },
  {
    route: 'PUT /resource_classes/{name}',
    versions: ['1.7', '1.39'],
    path: ({ custom }) => `/resource_classes/${custom}`,
    sql: ({ custom }) => [
      `insert into resource_classes (id, name) values (nextval('resource_classes_custom_id'), '${custom}')`,
    ],
  },
  {
    route: 'DELETE /resource_classes/{name}',
    versions: ['1.2', '1.39'],
    path: ({ custom }) => `/resource_classes/${custom}`,
    given: ({ custom }, api) => api.put(`/resource_classes/${custom}`).expect(201),
    sql: ({ custom }) => [`delete from resource_classes where name = '${custom}'`],
  },
  {
    route: 'POST /stockroom/orphans/delete',
    versions: ['1.0', '1.39'],
    path: () => '/stockroom/orphans/delete',
    body: ({ consumer }) => ({ consumers: [{ consumer, consumer_generation: 1 }] }),
    sql: (world) => [
      `delete from allocations where consumer_id = ${consumerOf(world)}`,
      `delete from consumers where uuid = '${world.consumer}'`,
    ],
  },
];

/** Routes with other methods than GET that change nothing of what the history has. */
const READING = ['POST /stockroom/capacity', 'POST /stockroom/explain', 'POST /stockroom/orphans'];
const OF_LISTS_AND_LOGINS = /^\w+ \/stockroom\/(lists\/|login$)/;

describe('Changes by each route that writes, and by the same SQL by hand', () => {
  let test: TestService;
  before(async () => {
    test = await startTestService();
    await historyNow(test.api);
  });
  after(() => test.close());

  async function makeWorld(): Promise<World> {
    const name = randomUUID();
    const host = await createProvider(test.api, name);
    await setInventories(test.api, host, { VCPU: { total: 100 }, MEMORY_MB: { total: 100 } });
    const spareName = randomUUID();
    const spare = await createProvider(test.api, spareName);
    const resource_provider_generation = await setInventories(test.api, spare, { VCPU: { total: 100 } });
    const traits = { resource_provider_generation, traits: ['HW_CPU_X86_MMX'] };
    await test.api.put(`/resource_providers/${spare}/traits`, traits).expect(200);
    const consumer = randomUUID();
    await claim(test.api, { [host]: { VCPU: 1 } }, { consumer, ...owner }).expect(204);
    const fresh = randomUUID();
    return {
      host,
      name,
      spare,
      spareName,
      consumer,
      fresh,
      custom: `CUSTOM_${fresh.replaceAll('-', '_').toUpperCase()}`,
    };
  }

  /** What was changed since, without what differs from world to world. */
  async function changesOf(world: World, since: string) {
    const changes = await changesSince(test.api, since);
    const texts = changes.map((change) =>
      Object.entries(world).reduce((text, [key, value]) => text.replaceAll(value, key), JSON.stringify(told(change))),
    );
    return { texts: texts.sort(), requests: changes.map(({ request }) => request) };
  }

  it('are of every route of the table that may write', () => {
    const writing = routeTable({} as RouteDependencies)
      .filter(({ method }) => method !== 'GET')
      .map(({ method, path }) => `${method} ${path.replaceAll(/:(\w+)/g, '{$1}')}`)
      .filter((route) => !READING.includes(route) && !OF_LISTS_AND_LOGINS.test(route));
    assert.deepEqual([...new Set(CASES.map(({ route }) => route))].sort(), writing.sort());
  });

  for (const { route, versions, path, given, body, sql: byHandOf } of CASES) {
    for (const version of versions) {
      it(`${route} at ${version}`, async () => {
        const method = (route.split(' ')[0] ?? '').toLowerCase() as 'put' | 'post' | 'delete';
        const minor = Number(version.split('.')[1]);
        const [asked, typed] = [await makeWorld(), await makeWorld()];
        for (const world of [asked, typed]) await given?.(world, test.api);
        const sinceAsked = await historyNow(test.api);
        const request = test.api.request(method, path(asked)).set('openstack-api-version', `placement ${version}`);
        const response = await request.set('x-auth-token', 'admin').send(body?.(asked, minor));
        assert.ok(response.status < 300, `${response.status} ${response.text}`);
        const byRequest = await changesOf(asked, sinceAsked);

        const sinceTyped = await historyNow(test.api);
        await sql(test.databaseUrl, `begin; ${byHandOf(typed).join('; ')}; commit`);
        const byHand = await changesOf(typed, sinceTyped);

        assert.ok(byRequest.texts.length > 0, 'something was noted');
        assert.deepEqual(byRequest.texts, byHand.texts);
        for (const one of byRequest.requests) assert.deepEqual([one?.route, one?.version], [route, version]);
        for (const one of byHand.requests) assert.equal(one, null);
      });
    }
  }
});
