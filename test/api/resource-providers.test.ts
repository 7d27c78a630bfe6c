import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { codeOf, createProvider, messageOf, startTestService, type TestService } from '../support/service.js';

describe('resource providers', () => {
  let test: TestService;
  before(async () => {
    test = await startTestService();
  });
  after(() => test.close());
  const at = (uuid: string): string => `/resource_providers/${uuid}`;
  const fresh = (): string => `p-${randomUUID()}`;
  const show = async (uuid: string, version?: string) => (await test.api.get(at(uuid), version).expect(200)).body;
  const create = (body: object, version?: string) => test.api.post('/resource_providers', body, version);
  const update = (uuid: string, body: object, version?: string) => test.api.put(at(uuid), body, version);

  it('are created with the uuid given, in its lower-case dashed form, or with one of the service', async () => {
    const uuid = randomUUID();
    for (const spelling of [uuid.toUpperCase(), uuid.replaceAll('-', ''), `{${uuid}}`, `urn:uuid:${uuid}`]) {
      const { body } = await create({ name: fresh(), uuid: spelling }).expect(200);
      assert.equal(body.uuid, uuid);
      await test.api.delete(at(uuid)).expect(204);
    }
    const { body } = await create({ name: fresh() }).expect(200);
    assert.match(body.uuid, /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  });

  it('get 201 and Location alone below 1.20, with 200 and the provider from 1.20 on', async () => {
    for (const version of ['1.0', '1.14', '1.19']) {
      const uuid = randomUUID();
      const response = await create({ name: fresh(), uuid }, version).expect(201);
      assert.equal(response.text, '');
      assert.equal(response.headers['content-type'], undefined);
      assert.equal(response.headers['location'], test.url + at(uuid));
      assert.equal(response.headers['last-modified'], undefined);
      assert.equal((await show(uuid)).uuid, uuid);
    }
    const response = await create({ name: fresh() }, '1.20').expect(200);
    assert.equal(response.headers['location'], test.url + at(response.body.uuid));
    assert.ok(response.headers['last-modified']);
    assert.deepEqual(response.body, await show(response.body.uuid));
  });

  it('show their generation, links and tree as the version knows them', async () => {
    const parent = await createProvider(test.api, fresh());
    const uuid = await createProvider(test.api, fresh(), parent);
    const links: [string, string[]][] = [
      ['1.0', ['self', 'inventories', 'usages']],
      ['1.1', ['self', 'inventories', 'usages', 'aggregates']],
      ['1.5', ['self', 'inventories', 'usages', 'aggregates']],
      ['1.6', ['self', 'inventories', 'usages', 'aggregates', 'traits']],
      ['1.10', ['self', 'inventories', 'usages', 'aggregates', 'traits']],
      ['1.11', ['self', 'inventories', 'usages', 'aggregates', 'traits', 'allocations']],
      ['1.39', ['self', 'inventories', 'usages', 'aggregates', 'traits', 'allocations']],
    ];
    for (const [version, rels] of links) {
      const body = await show(uuid, version);
      assert.deepEqual(
        body.links,
        rels.map((rel) => ({ rel, href: rel === 'self' ? at(uuid) : `${at(uuid)}/${rel}` })),
      );
      const { body: list } = await test.api.get(`/resource_providers?uuid=${uuid}`, version).expect(200);
      assert.deepEqual(list.resource_providers, [body]);
    }
    assert.deepEqual(Object.keys(await show(uuid, '1.13')).sort(), ['generation', 'links', 'name', 'uuid']);
    const { parent_provider_uuid, root_provider_uuid, generation } = await show(uuid, '1.14');
    assert.deepEqual([parent_provider_uuid, root_provider_uuid, generation], [parent, parent, 0]);
    const root = await show(parent);
    assert.deepEqual([root.parent_provider_uuid, root.root_provider_uuid], [null, parent]);
  });

  it('are not cached from 1.15 on', async () => {
    const uuid = await createProvider(test.api, fresh());
    for (const path of [at(uuid), '/resource_providers', `/resource_providers?name=${fresh()}`, '/']) {
      const old = await test.api.get(path, '1.14').expect(200);
      assert.equal(old.headers['cache-control'], undefined);
      assert.equal(old.headers['last-modified'], undefined);
      const { headers } = await test.api.get(path, '1.15').expect(200);
      assert.equal(headers['cache-control'], 'no-cache');
      const age = Date.now() - Date.parse(String(headers['last-modified']));
      assert.ok(age > -1000 && age < 60_000, headers['last-modified']);
      assert.match(String(headers['last-modified']), /^\w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d GMT$/);
    }
    const gone = await test.api.delete(at(uuid)).expect(204);
    assert.equal(gone.headers['cache-control'], undefined);
  });

  it('cannot share a uuid or a name, and a uuid that is taken is named first', async () => {
    const name = fresh();
    const uuid = await createProvider(test.api, name);
    const sameName = await create({ name }).expect(409);
    assert.equal(messageOf(sameName.body), `Conflicting resource provider name: ${name} already exists.`);
    assert.equal(codeOf(sameName.body), 'placement.duplicate_name');
    for (const other of [name, fresh()]) {
      const sameUuid = await create({ name: other, uuid }).expect(409);
      assert.equal(messageOf(sameUuid.body), `Conflicting resource provider uuid: ${uuid} already exists.`);
      assert.doesNotMatch(sameUuid.text, /Conflicting resource provider name:/);
      assert.equal(codeOf(sameUuid.body), 'placement.duplicate_name');
    }
    const child = await create({ name, parent_provider_uuid: uuid }).expect(409);
    assert.equal(messageOf(child.body), `Conflicting resource provider name: ${name} already exists.`);
    assert.equal(codeOf((await create({ name }, '1.22').expect(409)).body), undefined);
  });

  it('need a name to be created, and a parent that exists and is another', async () => {
    const uuid = randomUUID();
    const cases: [object, RegExp][] = [
      [{ name: '', uuid }, /Unable to create resource provider "", .* failed because: name is required$/],
      [{ name: fresh(), uuid, parent_provider_uuid: randomUUID() }, /parent provider UUID does not exist\.$/],
      [{ name: fresh(), uuid, parent_provider_uuid: uuid }, /parent provider UUID cannot be same as UUID\./],
    ];
    for (const [body, why] of cases) {
      assert.match(messageOf((await create(body).expect(400)).body), why);
      await test.api.get(at(uuid)).expect(404);
    }
    const parent = await createProvider(test.api, fresh());
    const shouted = await create({ name: fresh(), parent_provider_uuid: parent.toUpperCase() });
    assert.equal(shouted.status, /[a-f]/.test(parent) ? 400 : 200);
  });

  it('are renamed, to the empty name too, but not to the name of another', async () => {
    const [first, second] = [fresh(), fresh()];
    const uuid = await createProvider(test.api, first);
    await createProvider(test.api, second);
    const renamed = await update(uuid, { name: `${first}-new` }, '1.15').expect(200);
    assert.equal(renamed.body.name, `${first}-new`);
    assert.equal(renamed.headers['cache-control'], 'no-cache');
    assert.equal(renamed.body.generation, 0);
    assert.deepEqual(await show(uuid, '1.15'), renamed.body);
    const taken = await update(uuid, { name: second }).expect(409);
    assert.equal(messageOf(taken.body), `Conflicting resource provider ${second} already exists.`);
    assert.equal(codeOf(taken.body), 'placement.duplicate_name');
    await update(uuid, { name: `${first}-new` }).expect(200);
    await update(uuid, { name: '' }).expect(200);
    assert.equal((await show(uuid)).name, '');
    await update(uuid, { name: first }).expect(200);
    const { body } = await test.api.get(`/resource_providers?name=${first}-new`).expect(200);
    assert.deepEqual(body.resource_providers, []);
  });

  it('are looked for before the body is looked at', async () => {
    const missing = await update('nobody', { nonsense: 1 }).expect(404);
    assert.equal(messageOf(missing.body), 'No resource provider with uuid nobody found');
    await update(await createProvider(test.api, fresh()), { nonsense: 1 }).expect(400);
  });

  it('are deleted once, and not while they have children', async () => {
    const parent = await createProvider(test.api, fresh());
    const child = await createProvider(test.api, fresh(), parent);
    const rejected = await test.api.delete(at(parent)).expect(409);
    assert.equal(codeOf(rejected.body), 'placement.resource_provider.cannot_delete_parent');
    assert.equal(
      messageOf(rejected.body),
      `Unable to delete parent resource provider ${parent}: It has child resource providers. Children: ${child}.`,
    );
    await test.api.delete(at(child)).expect(204);
    await test.api.delete(at(parent)).expect(204);
    const again = await test.api.delete(at(parent)).expect(404);
    assert.equal(messageOf(again.body), `No resource provider with uuid ${parent} found for delete`);
    await test.api.get(at(parent)).expect(404);
  });

  it('know no parent below 1.14', async () => {
    const parent = await createProvider(test.api, fresh());
    await create({ name: fresh(), parent_provider_uuid: parent }, '1.13').expect(400);
    await update(parent, { name: fresh(), parent_provider_uuid: null }, '1.13').expect(400);
    await test.api.get(`/resource_providers?in_tree=${parent}`, '1.13').expect(400);
  });
});
