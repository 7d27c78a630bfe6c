import assert from 'node:assert/strict';
import type pg from 'pg';
import { STANDARD_RESOURCE_CLASSES } from '../../src/standard/resource-classes.js';
import { connect } from '../support/database.js';
import { whileHeld } from '../support/while-held.js';
import { createProvider, messageOf, setInventories, startTestService, type TestService } from '../support/service.js';

describe('resource classes', () => {
  let test: TestService;
  let counter = 0;
  before(async () => {
    test = await startTestService();
  });
  after(() => test.close());
  const fresh = (): string => `CUSTOM_CLASS_${++counter}`;
  const at = (name: string): string => `/resource_classes/${name}`;
  const names = async (): Promise<string[]> => {
    const { body } = await test.api.get('/resource_classes').expect(200);
    return body.resource_classes.map(({ name }: { name: string }) => name);
  };

  it('begin with the standard ones, in the order of their ids, then the custom ones as they came', async () => {
    const [first, second] = [`CUSTOM_Z${++counter}`, `CUSTOM_A${++counter}`];
    await test.api.put(at(first)).expect(201);
    await test.api.put(at(second)).expect(201);
    const all = await names();
    assert.deepEqual(all.slice(0, STANDARD_RESOURCE_CLASSES.length), STANDARD_RESOURCE_CLASSES);
    assert.deepEqual(all.slice(-2), [first, second]);
  });

  it('do not exist below 1.2', async () => {
    for (const path of ['/resource_classes', at('VCPU')]) await test.api.get(path, '1.1').expect(404);
    await test.api.post('/resource_classes', { name: fresh() }, '1.1').expect(404);
    await test.api.put(at(fresh()), { name: fresh() }, '1.1').expect(404);
    await test.api.delete(at('VCPU'), '1.1').expect(404);
  });

  it('are created by POST once, shown, and deleted once', async () => {
    const name = fresh();
    const created = await test.api.post('/resource_classes', { name }, '1.2').expect(201);
    assert.equal(created.headers['location'], test.url + at(name));
    assert.equal(created.text, '');
    assert.equal(created.headers['cache-control'], undefined);
    const { body } = await test.api.get(at(name), '1.2').expect(200);
    assert.deepEqual(body, { name, links: [{ rel: 'self', href: at(name) }] });
    const again = await test.api.post('/resource_classes', { name }).expect(409);
    assert.equal(messageOf(again.body), `Conflicting resource class already exists: ${name}`);
    await test.api.delete(at(name)).expect(204);
    for (const gone of [await test.api.delete(at(name)).expect(404), await test.api.get(at(name)).expect(404)]) {
      assert.equal(messageOf(gone.body), `No such resource class ${name}.`);
    }
  });

  it('are created by PUT from 1.7 on: 201, then 204, both with Location', async () => {
    const name = fresh();
    for (const status of [201, 204, 204]) {
      const response = await test.api.put(at(name), undefined, '1.7').expect(status);
      assert.equal(response.headers['location'], test.url + at(name));
      assert.equal(response.headers['cache-control'], undefined);
      assert.equal(response.text, '');
    }
  });

  it('are renamed by PUT with a body from 1.2 to 1.6, keeping the inventories that use them', async () => {
    for (const version of ['1.2', '1.6']) {
      const [name, newName] = [fresh(), fresh()];
      await test.api.put(at(name)).expect(201);
      const uuid = await createProvider(test.api, `renames-${name}`);
      await setInventories(test.api, uuid, { [name]: { total: 3 } });
      const { body } = await test.api.put(at(name), { name: newName }, version).expect(200);
      assert.deepEqual(body, { name: newName, links: [{ rel: 'self', href: at(newName) }] });
      await test.api.get(at(name)).expect(404);
      const { body: kept } = await test.api.get(`/resource_providers/${uuid}/inventories`).expect(200);
      assert.deepEqual(Object.keys(kept.inventories), [newName]);
      await test.api.put(at(newName), { name: newName }, version).expect(200);
    }
  });

  it('are not renamed to a name that is taken, from one that does not exist, or when standard', async () => {
    const [name, taken, missing] = [fresh(), fresh(), fresh()];
    await test.api.put(at(name)).expect(201);
    await test.api.put(at(taken)).expect(201);
    const conflict = await test.api.put(at(name), { name: taken }, '1.6').expect(409);
    assert.equal(messageOf(conflict.body), `Resource class already exists: ${taken}`);
    const unknown = await test.api.put(at(missing), { name: fresh() }, '1.6').expect(404);
    assert.equal(messageOf(unknown.body), `No such resource class ${missing}.`);
    const standard = await test.api.put(at('VCPU'), { name: fresh() }, '1.6').expect(400);
    assert.equal(messageOf(standard.body), 'Cannot update standard resource class VCPU');
    await test.api.put(at(name), { name: 'VCPU' }, '1.6').expect(400);
    await test.api.put(at(name), undefined, '1.6').expect(415);
    assert.ok((await names()).includes(name));
  });

  const malformed = [
    'VCPU',
    'custom_lower',
    'CUSTOM_',
    'CUSTOM_A-B',
    'XCUSTOM_A',
    'CUSTOM_Ä',
    `CUSTOM_${'A'.repeat(249)}`,
  ];
  for (const name of malformed) {
    it(`reject the name ${name.slice(0, 20)} on every route that makes one`, async () => {
      const before = await names();
      await test.api.post('/resource_classes', { name }).expect(400);
      const { body } = await test.api.put(at(encodeURIComponent(name))).expect(400);
      assert.match(messageOf(body), /JSON does not validate: .*(does not match|is too long)/);
      await test.api.put(at('CUSTOM_ANY'), { name }, '1.6').expect(400);
      assert.deepEqual(await names(), before);
    });
  }

  it('take a name of 255 characters', async () => {
    await test.api.put(at(`CUSTOM_${'B'.repeat(248)}`)).expect(201);
  });

  it('cannot be deleted when standard or in use', async () => {
    const standard = await test.api.delete(at('VCPU')).expect(400);
    assert.equal(
      messageOf(standard.body),
      'Error in delete resource class: Cannot delete standard resource class VCPU.',
    );
    const name = fresh();
    await test.api.put(at(name)).expect(201);
    const uuid = await createProvider(test.api, `uses-${name}`);
    await setInventories(test.api, uuid, { [name]: { total: 1 } });
    const used = await test.api.delete(at(name)).expect(409);
    assert.equal(
      messageOf(used.body),
      `Error in delete resource class: Cannot delete resource class ${name}. Class is in use in inventory. Used by resource providers: ${uuid}.`,
    );
    await setInventories(test.api, uuid, {});
    await test.api.delete(at(name)).expect(204);
  });

  it('are not cached from 1.15 on', async () => {
    for (const path of ['/resource_classes', at('VCPU')]) {
      assert.equal((await test.api.get(path, '1.14').expect(200)).headers['last-modified'], undefined);
      const { headers } = await test.api.get(path, '1.15').expect(200);
      assert.equal(headers['cache-control'], 'no-cache');
      assert.ok(Date.parse(String(headers['last-modified'])) > 0);
    }
  });

  it('are created by one of many who try at the same moment', async () => {
    for (let round = 0; round < 5; round++) {
      const [posted, put] = [fresh(), fresh()];
      const posts = await Promise.all(
        Array.from({ length: 6 }, () => test.api.post('/resource_classes', { name: posted })),
      );
      assert.deepEqual(posts.map(({ status }) => status).sort(), [201, 409, 409, 409, 409, 409]);
      const puts = await Promise.all(Array.from({ length: 6 }, () => test.api.put(at(put))));
      assert.deepEqual(puts.map(({ status }) => status).sort(), [201, 204, 204, 204, 204, 204]);
    }
  });

  describe('with a rival', () => {
    let rival: pg.Client;
    let uuid: string, name: string;
    beforeEach(async () => {
      name = fresh();
      await test.api.put(at(name)).expect(201);
      uuid = await createProvider(test.api, `rival-${name}`);
      rival = await connect(test.databaseUrl);
      await rival.query('begin');
    });
    afterEach(() => rival.end());

    it('who deletes the class: an inventory of it is a 400, on every route', async () => {
      const path = `/resource_providers/${uuid}/inventories`;
      await rival.query('delete from resource_classes where name = $1', [name]);
      const body = { resource_provider_generation: 0, inventories: { [name]: { total: 1 } } };
      const response = await whileHeld(test.databaseUrl, rival, test.api.put(path, body));
      assert.equal(response.status, 400, response.text);
      assert.match(messageOf(response.body), new RegExp(`No such resource class ${name}\\.$`));
      await test.api.put(at(name)).expect(201);
      await rival.query('begin');
      await rival.query('delete from resource_classes where name = $1', [name]);
      const post = test.api.post(path, { resource_class: name, total: 1 });
      assert.equal((await whileHeld(test.databaseUrl, rival, post)).status, 400);
      assert.equal((await test.api.get(`/resource_providers/${uuid}`).expect(200)).body.generation, 0);
    });

    it('who puts it to use: deleting it is a 409', async () => {
      await rival.query(
        `insert into inventories (resource_provider_id, resource_class_id, total, reserved, min_unit, max_unit, step_size, allocation_ratio)
         select p.id, c.id, 1, 0, 1, 1, 1, 1 from resource_providers p, resource_classes c where p.uuid = $1 and c.name = $2`,
        [uuid, name],
      );
      assert.equal((await whileHeld(test.databaseUrl, rival, test.api.delete(at(name)))).status, 409);
    });
  });
});
