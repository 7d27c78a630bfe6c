import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import type pg from 'pg';
import { connect } from '../support/database.js';
import { whileHeld as holding } from '../support/while-held.js';
import { codeOf, createProvider, messageOf, startTestService, type TestService } from '../support/service.js';

/** The advisory lock that guards the shape of the trees (src/resources/resource-providers/store.ts). */
const TREES_LOCK = 7_786_226;

describe('resource providers under concurrency', () => {
  let test: TestService;
  let rival: pg.Client;
  before(async () => {
    test = await startTestService();
  });
  after(() => test.close());
  beforeEach(async () => {
    rival = await connect(test.databaseUrl);
    await rival.query('begin');
  });
  afterEach(() => rival.end());
  const at = (uuid: string): string => `/resource_providers/${uuid}`;
  const fresh = (): string => `r-${randomUUID()}`;
  const show = async (uuid: string) => (await test.api.get(at(uuid)).expect(200)).body;

  const whileHeld = <T>(request: PromiseLike<T>, end?: 'rollback'): Promise<T> =>
    holding(test.databaseUrl, rival, request, end);

  it('gives a child the root that its parent has got while the child was being created', async () => {
    const root = await createProvider(test.api, fresh());
    const parent = await createProvider(test.api, fresh());
    await rival.query('select pg_advisory_xact_lock($1)', [TREES_LOCK]);
    await rival.query(
      `update resource_providers p set parent_provider_id = r.id, root_provider_id = r.id
       from resource_providers r where p.uuid = $1 and r.uuid = $2`,
      [parent, root],
    );
    const response = await whileHeld(
      test.api.post('/resource_providers', { name: fresh(), parent_provider_uuid: parent }),
    );
    assert.equal(response.status, 200);
    const { uuid, root_provider_uuid } = response.body as { uuid: string; root_provider_uuid: string };
    assert.equal(root_provider_uuid, root);
    assert.equal((await show(uuid)).root_provider_uuid, root);
  });

  it('does not delete a parent whose child is just being created', async () => {
    const parent = await createProvider(test.api, fresh());
    await rival.query(
      `insert into resource_providers (uuid, name, parent_provider_id, root_provider_id)
       select $2, $3, id, id from resource_providers where uuid = $1`,
      [parent, randomUUID(), fresh()],
    );
    const response = await whileHeld(test.api.delete(at(parent)));
    assert.equal(response.status, 409);
    assert.equal(codeOf(response.body), 'placement.resource_provider.cannot_delete_parent');
  });

  for (const [title, body, method] of [
    ['creating a child', (parent: string) => ({ name: fresh(), parent_provider_uuid: parent }), 'post'],
    ['moving under it', (parent: string) => ({ name: fresh(), parent_provider_uuid: parent }), 'put'],
  ] as const) {
    it(`returns 400 for ${title} when the parent is deleted meanwhile`, async () => {
      const parent = await createProvider(test.api, fresh());
      const uuid = await createProvider(test.api, fresh());
      await rival.query('delete from resource_providers where uuid = $1', [parent]);
      const path = method === 'post' ? '/resource_providers' : at(uuid);
      const response = await whileHeld(test.api[method](path, body(parent)));
      assert.equal(response.status, 400, response.text);
      assert.match(messageOf(response.body), /parent provider UUID does not exist\.$/);
      assert.equal((await show(uuid)).parent_provider_uuid, null);
    });
  }

  it('names the uuid when a rival takes uuid and name at the same moment', async () => {
    const [uuid, name] = [randomUUID(), fresh()];
    await rival.query(
      `insert into resource_providers (id, uuid, name, root_provider_id)
       select id, $1, $2, id from nextval(pg_get_serial_sequence('resource_providers', 'id')) as fresh (id)`,
      [uuid, name],
    );
    const response = await whileHeld(test.api.post('/resource_providers', { uuid, name }));
    assert.equal(response.status, 409);
    assert.equal(messageOf(response.body), `Conflicting resource provider uuid: ${uuid} already exists.`);
  });

  it('creates when the rival that held the name gives up', async () => {
    const name = fresh();
    await rival.query(
      `insert into resource_providers (id, uuid, name, root_provider_id)
       select id, $1, $2, id from nextval(pg_get_serial_sequence('resource_providers', 'id')) as fresh (id)`,
      [randomUUID(), name],
    );
    const response = await whileHeld(test.api.post('/resource_providers', { name }), 'rollback');
    assert.equal(response.status, 200);
  });

  for (const shared of ['name', 'uuid'] as const) {
    it(`lets one of many creators of the same ${shared} win`, async () => {
      for (let round = 0; round < 5; round++) {
        const value = shared === 'uuid' ? randomUUID() : fresh();
        const bodies = Array.from({ length: 8 }, () => ({ name: fresh(), [shared]: value }));
        const responses = await Promise.all(bodies.map((body) => test.api.post('/resource_providers', body)));
        const losers = responses.filter(({ status }) => status !== 200);
        assert.equal(losers.length, 7);
        for (const { status, body } of losers) {
          assert.equal(status, 409);
          assert.equal(messageOf(body), `Conflicting resource provider ${shared}: ${value} already exists.`);
        }
      }
    });
  }

  it('lets exactly one of two moves win that together would make a loop', async () => {
    for (let round = 0; round < 15; round++) {
      const [a, b] = [await createProvider(test.api, fresh()), await createProvider(test.api, fresh())];
      const responses = await Promise.all([
        test.api.put(at(a), { name: fresh(), parent_provider_uuid: b }),
        test.api.put(at(b), { name: fresh(), parent_provider_uuid: a }),
      ]);
      assert.deepEqual(responses.map(({ status }) => status).sort(), [200, 400]);
      const winner = responses[0].status === 200 ? b : a;
      assert.equal((await show(a)).root_provider_uuid, winner);
      assert.equal((await show(b)).root_provider_uuid, winner);
    }
  });

  it('keeps every child in the tree of its parent while parents move and children come', async () => {
    const roots = await Promise.all([fresh(), fresh()].map((name) => createProvider(test.api, name)));
    const parent = await createProvider(test.api, fresh(), roots[0]);
    const name = fresh();
    await Promise.all([
      ...Array.from({ length: 12 }, () => createProvider(test.api, fresh(), parent)),
      ...Array.from({ length: 6 }, (_, turn) =>
        test.api.put(at(parent), { name, parent_provider_uuid: roots[turn % 2] }).expect(200),
      ),
    ]);
    const root = (await show(parent)).root_provider_uuid;
    const { body } = await test.api.get(`/resource_providers?in_tree=${parent}`).expect(200);
    assert.equal(body.resource_providers.length, 14);
    for (const provider of body.resource_providers) assert.equal(provider.root_provider_uuid, root);
  });
});
