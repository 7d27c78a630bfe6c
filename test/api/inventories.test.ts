import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { connect, sql } from '../support/database.js';
import {
  codeOf,
  createProvider,
  messageOf,
  setInventories,
  startTestService,
  type TestService,
} from '../support/service.js';
import { whileHeld } from '../support/while-held.js';

describe('inventories of a provider', () => {
  let test: TestService;
  let uuid: string;
  before(async () => {
    test = await startTestService();
  });
  after(() => test.close());
  beforeEach(async () => {
    uuid = await createProvider(test.api, `host-${randomUUID()}`);
  });

  const path = (rest = ''): string => `/resource_providers/${uuid}/inventories${rest}`;
  const put = (generation: number, inventories: object, version?: string) =>
    test.api.put(path(), { resource_provider_generation: generation, inventories }, version);

  it('replaces everything, fills in defaults, and shows it to the next read', async () => {
    const response = await put(0, {
      VCPU: { total: 8, allocation_ratio: 16 },
      DISK_GB: { total: 100, reserved: 2 },
    }).expect(200);
    assert.equal(response.body.resource_provider_generation, 1);
    const { body, text } = await test.api.get(path()).expect(200);
    assert.deepEqual(body, {
      resource_provider_generation: 1,
      inventories: {
        VCPU: { total: 8, reserved: 0, min_unit: 1, max_unit: 2147483647, step_size: 1, allocation_ratio: 16 },
        DISK_GB: { total: 100, reserved: 2, min_unit: 1, max_unit: 2147483647, step_size: 1, allocation_ratio: 1 },
      },
    });
    assert.match(text, /"allocation_ratio": 16\.0/);
    await put(1, { VCPU: { total: 4 } }).expect(200);
    const second = await test.api.get(path()).expect(200);
    assert.deepEqual(Object.keys(second.body.inventories), ['VCPU']);
    assert.equal(second.body.inventories.VCPU.allocation_ratio, 1);
  });

  it('returns 409 with placement.concurrent_update for an old generation, and changes nothing', async () => {
    await put(0, { VCPU: { total: 8 } }).expect(200);
    const { body } = await put(0, { VCPU: { total: 99 } }).expect(409);
    assert.equal(codeOf(body), 'placement.concurrent_update');
    assert.equal(
      messageOf(body),
      'resource provider generation conflict: the provider has generation 1, the request says 0.',
    );
    const { body: kept } = await test.api.get(path()).expect(200);
    assert.equal(kept.inventories.VCPU.total, 8);
  });

  it('lets exactly one of many writers with the same generation win, every time', async () => {
    for (let round = 0; round < 10; round++) {
      const responses = await Promise.all(
        Array.from({ length: 8 }, (_, writer) => put(round, { VCPU: { total: writer + 1 } })),
      );
      const winners = responses.flatMap(({ status }, writer) => (status === 200 ? [writer] : []));
      assert.equal(winners.length, 1, `round ${round}: ${responses.map(({ status }) => status).join()}`);
      for (const { status, body } of responses.filter((response) => response.status !== 200)) {
        assert.equal(status, 409);
        assert.equal(codeOf(body), 'placement.concurrent_update');
      }
      const { body } = await test.api.get(path()).expect(200);
      assert.equal(body.inventories.VCPU.total, (winners[0] ?? -1) + 1);
      assert.equal(body.resource_provider_generation, round + 1);
    }
  });

  it('waits for a rival that holds the provider, then compares with what the rival left', async () => {
    const rival = await connect(test.databaseUrl);
    await rival.query('begin');
    await rival.query('update resource_providers set generation = generation + 1 where uuid = $1', [uuid]);
    const { status } = await whileHeld(test.databaseUrl, rival, put(0, { VCPU: { total: 1 } }));
    await rival.end();
    assert.equal(status, 409);
  });

  describe('in use', () => {
    let consumer: string;
    beforeEach(async () => {
      await put(0, { VCPU: { total: 8 }, DISK_GB: { total: 100 }, MEMORY_MB: { total: 10 } }).expect(200);
      consumer = await allocateByHand(test.databaseUrl, uuid, { VCPU: 2, DISK_GB: 5 });
    });

    it('cannot be left out of a replacement: 409 naming every class in use, nothing changed', async () => {
      const { body } = await put(1, { MEMORY_MB: { total: 5 } }).expect(409);
      assert.equal(codeOf(body), 'placement.inventory.inuse');
      assert.equal(
        messageOf(body),
        `update conflict: Inventory for 'VCPU, DISK_GB' on resource provider '${uuid}' in use. Held by consumers: ${consumer}.`,
      );
      const { body: kept } = await test.api.get(path()).expect(200);
      assert.equal(kept.resource_provider_generation, 1);
      assert.equal(kept.inventories.MEMORY_MB.total, 10);
    });

    it('cannot be deleted, one or all', async () => {
      const one = await test.api.delete(path('/VCPU')).expect(409);
      assert.equal(codeOf(one.body), 'placement.concurrent_update');
      assert.match(
        messageOf(one.body),
        /Unable to delete inventory of class VCPU: Inventory for 'VCPU' on .* in use\./,
      );
      const all = await test.api.delete(path()).expect(409);
      assert.equal(codeOf(all.body), 'placement.inventory.inuse');
      await test.api.delete(path('/MEMORY_MB')).expect(204);
    });

    it('may shrink below what is used', async () => {
      await put(1, { VCPU: { total: 1 }, DISK_GB: { total: 100 } }).expect(200);
    });
  });

  const INT_MAX = 2147483647;
  const badRecords: [string, object][] = [
    ['no total', { reserved: 1 }],
    ['total 0', { total: 0 }],
    ['total beyond 32 bits', { total: INT_MAX + 1 }],
    ['total as text', { total: '8' }],
    ['total with a fraction', { total: 1.5 }],
    ['total true', { total: true }],
    ['total null', { total: null }],
    ['reserved negative', { total: 1, reserved: -1 }],
    ['min_unit 0', { total: 1, min_unit: 0 }],
    ['max_unit 0', { total: 1, max_unit: 0 }],
    ['step_size 0', { total: 1, step_size: 0 }],
    ['step_size beyond 32 bits', { total: 1, step_size: INT_MAX + 1 }],
    ['allocation_ratio as text', { total: 1, allocation_ratio: '1.0' }],
    ['allocation_ratio too large', { total: 1, allocation_ratio: 3.5e38 }],
    ['an unknown property', { total: 1, colour: 'red' }],
    ['a list', []],
    ['reserved above total', { total: 1, reserved: 2 }],
    ['a negative ratio', { total: 8, allocation_ratio: -1 }],
  ];
  for (const [what, record] of badRecords) {
    it(`rejects ${what} on every route, with a 400 and nothing changed`, async () => {
      await put(0, { VCPU: { total: 8 } }).expect(200);
      const responses = [
        await put(1, { VCPU: record }),
        await test.api.put(path('/VCPU'), { resource_provider_generation: 1, ...record }),
        await test.api.post(path(), { resource_class: 'DISK_GB', ...record }),
      ];
      for (const { status, body } of Array.isArray(record) ? responses.slice(0, 1) : responses) {
        assert.equal(status, 400);
        assert.match(messageOf(body), /JSON does not validate: .*Failed validating|Invalid inventory for/);
      }
      const { body } = await test.api.get(path()).expect(200);
      assert.equal(body.resource_provider_generation, 1);
      assert.deepEqual(Object.keys(body.inventories), ['VCPU']);
    });
  }

  it('accepts whole numbers written as floats, which JSON cannot tell apart', async () => {
    await test.api
      .put(path())
      .set('content-type', 'application/json')
      .send('{"resource_provider_generation": 0.0, "inventories": {"VCPU": {"total": 10.0}}}')
      .expect(200);
  });

  it('rejects infinity and NaN', async () => {
    for (const number of ['1e999', 'NaN', '-1e999']) {
      const text = `{"resource_provider_generation": 0, "inventories": {"VCPU": {"total": 1, "allocation_ratio": ${number}}}}`;
      await test.api.put(path()).set('content-type', 'application/json').send(text).expect(400);
    }
  });

  it('lets reserved equal total from 1.26 on only', async () => {
    const full = { VCPU: { total: 8, reserved: 8 } };
    const before126 = await put(0, full, '1.25').expect(400);
    assert.match(messageOf(before126.body), /The reserved value is greater than or equal to total\.$/);
    await put(0, full, '1.26').expect(200);
    const above = await put(1, { VCPU: { total: 8, reserved: 9 } }, '1.26').expect(400);
    assert.match(messageOf(above.body), /The reserved value is greater than total\.$/);
  });

  it('names the generation conflict before a broken capacity, and an unknown class after it', async () => {
    await put(7, { VCPU: { total: 1, reserved: 2 } }).expect(409);
    await put(7, { NO_SUCH_CLASS: { total: 1 } }).expect(409);
    const { body } = await put(0, { NO_SUCH_CLASS: { total: 1 } }).expect(400);
    assert.match(messageOf(body), /No such resource class NO_SUCH_CLASS\./);
  });

  it('rejects a key that is no class name', async () => {
    const { body } = await put(0, { vcpu: { total: 1 } }).expect(400);
    assert.match(messageOf(body), /'vcpu' does not match any of the regexes/);
    await put(0, { 'not a class': 'not a record' }).expect(400);
  });

  it('looks for the provider before it looks at the body', async () => {
    const unknown = `/resource_providers/${randomUUID()}/inventories`;
    await test.api.put(unknown, { nonsense: true }).expect(404);
    await test.api.post(unknown, { nonsense: true }).expect(404);
    await test.api.put(`${unknown}/VCPU`, { nonsense: true }).expect(404);
    await test.api.delete(unknown).expect(404);
    await test.api.delete(`${unknown}/VCPU`).expect(404);
    await test.api.get(unknown).expect(404);
    await test.api.get(`${unknown}/VCPU`).expect(404);
  });

  it('handles one inventory: create, show, update, delete', async () => {
    const created = await test.api
      .post(path(), { resource_class: 'VCPU', total: 4, resource_provider_generation: 77 })
      .expect(201);
    assert.equal(created.body.resource_provider_generation, 1);
    assert.ok(created.headers['location']?.endsWith(path('/VCPU')));
    const again = await test.api.post(path(), { resource_class: 'VCPU', total: 4 }).expect(409);
    assert.equal(codeOf(again.body), 'placement.concurrent_update');
    assert.match(messageOf(again.body), /^Update conflict:/);
    await test.api.put(path('/VCPU'), { total: 6, resource_provider_generation: 1 }).expect(200);
    await test.api.put(path('/VCPU'), { total: 6, resource_provider_generation: 1 }).expect(409);
    await test.api.put(path('/DISK_GB'), { total: 6, resource_provider_generation: 2 }).expect(400);
    await test.api.put(path('/NO_SUCH'), { total: 6, resource_provider_generation: 2 }).expect(404);
    const { body } = await test.api.get(path('/VCPU')).expect(200);
    assert.equal(body.total, 6);
    assert.equal(body.resource_provider_generation, 2);
    await test.api.delete(path('/VCPU')).expect(204);
    const gone = await test.api.delete(path('/VCPU')).expect(404);
    assert.match(
      messageOf(gone.body),
      /^No inventory of class VCPU found for delete: No inventory of class VCPU found for delete$/,
    );
    assert.match(messageOf((await test.api.get(path('/VCPU')).expect(404)).body), /No inventory of class VCPU for/);
  });

  it('deletes all only from 1.5 on: 405 without Allow before', async () => {
    const { headers } = await test.api.delete(path(), '1.4').expect(405);
    assert.equal(headers['allow'], undefined);
    await test.api.delete(path(), '1.5').expect(204);
    const { body } = await test.api.get(path());
    assert.equal(body.resource_provider_generation, 1, 'deleting nothing counts too');
  });

  it('creates one inventory once, when many try at the same moment', async () => {
    const responses = await Promise.all(
      Array.from({ length: 8 }, () => test.api.post(path(), { resource_class: 'VCPU', total: 1 })),
    );
    assert.deepEqual(responses.map(({ status }) => status).sort(), [201, 409, 409, 409, 409, 409, 409, 409]);
  });

  it('shows cache headers from 1.15 on', async () => {
    await setInventories(test.api, uuid, { VCPU: { total: 1 } });
    const old = await test.api.get(path(), '1.14').expect(200);
    assert.equal(old.headers['cache-control'], undefined);
    const { headers } = await test.api.get(path(), '1.15').expect(200);
    assert.equal(headers['cache-control'], 'no-cache');
    const age = Date.now() - Date.parse(headers['last-modified'] ?? '');
    assert.ok(age >= 0 && age < 60_000, `last-modified is ${age} ms ago`);
  });
});

/** Allocations written by hand, as an operator could; the API's own come with the next issue. */
async function allocateByHand(databaseUrl: string, uuid: string, resources: Record<string, number>): Promise<string> {
  const consumer = randomUUID();
  await sql(
    databaseUrl,
    `with project as (insert into projects (external_id) values ($1) returning id),
          owner as (insert into users (external_id) values ($1) returning id)
     insert into consumers (uuid, project_id, user_id) select $1, project.id, owner.id from project, owner`,
    [consumer],
  );
  for (const [name, used] of Object.entries(resources)) {
    await sql(
      databaseUrl,
      `insert into allocations (consumer_id, resource_provider_id, resource_class_id, used)
       select co.id, p.id, c.id, $4 from consumers co, resource_providers p, resource_classes c
       where co.uuid = $1 and p.uuid = $2 and c.name = $3`,
      [consumer, uuid, name, used],
    );
  }
  return consumer;
}
