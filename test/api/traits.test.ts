import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { STANDARD_TRAITS } from '../../src/standard/traits.js';
import { connect } from '../support/database.js';
import { whileHeld } from '../support/while-held.js';
import { codeOf, createProvider, messageOf, startTestService, type TestService } from '../support/service.js';

describe('traits', () => {
  let test: TestService;
  let counter = 0;
  before(async () => {
    test = await startTestService();
  });
  after(() => test.close());
  const fresh = (): string => `CUSTOM_TRAIT_${++counter}`;
  const at = (name: string): string => `/traits/${name}`;
  const create = async (): Promise<string> => {
    const name = fresh();
    await test.api.put(at(name)).expect(201);
    return name;
  };
  const list = async (query = ''): Promise<string[]> =>
    (await test.api.get(`/traits${query}`).expect(200)).body.traits.sort();

  it('do not exist below 1.6', async () => {
    const uuid = await createProvider(test.api, randomUUID());
    for (const path of ['/traits', at('HW_CPU_X86_AVX'), `/resource_providers/${uuid}/traits`]) {
      await test.api.get(path, '1.5').expect(404);
    }
    await test.api.put(at(fresh()), undefined, '1.5').expect(404);
    await test.api.delete(at('HW_CPU_X86_AVX'), '1.5').expect(404);
    const body = { traits: [], resource_provider_generation: 0 };
    await test.api.put(`/resource_providers/${uuid}/traits`, body, '1.5').expect(404);
    await test.api.delete(`/resource_providers/${uuid}/traits`, '1.5').expect(404);
  });

  it('are created once, shown without a body, and deleted once', async () => {
    const name = fresh();
    for (const status of [201, 204]) {
      const response = await test.api.put(at(name), undefined, '1.15').expect(status);
      assert.equal(response.headers['location'], test.url + at(name));
      assert.equal(response.headers['cache-control'], 'no-cache');
      assert.ok(response.headers['last-modified']);
      assert.equal(response.text, '');
    }
    const shown = await test.api.get(at(name), '1.15').expect(204);
    assert.ok(shown.headers['last-modified']);
    assert.equal((await test.api.get(at(name), '1.14').expect(204)).headers['last-modified'], undefined);
    await test.api.delete(at(name)).expect(204);
    for (const gone of [await test.api.get(at(name)).expect(404), await test.api.delete(at(name)).expect(404)]) {
      assert.equal(messageOf(gone.body), `No such trait(s): ${name}.`);
    }
  });

  for (const name of ['HW_CPU_X86_AVX', 'custom_a', 'CUSTOM_', 'CUSTOM_a', 'CUSTOM_Ä', `CUSTOM_${'A'.repeat(249)}`]) {
    it(`cannot be created as ${name.slice(0, 20)}`, async () => {
      const { body } = await test.api.put(at(encodeURIComponent(name))).expect(400);
      assert.match(messageOf(body), /^The trait is invalid\. A valid trait must be no longer than 255 characters/);
    });
  }

  it('take a name of 255 characters', async () => {
    await test.api.put(at(`CUSTOM_${'B'.repeat(248)}`)).expect(201);
  });

  it('cannot be deleted when standard or in use', async () => {
    const standard = await test.api.delete(at('HW_CPU_X86_AVX')).expect(400);
    assert.equal(messageOf(standard.body), 'Cannot delete standard trait HW_CPU_X86_AVX.');
    const name = await create();
    const uuid = await createProvider(test.api, randomUUID());
    const path = `/resource_providers/${uuid}/traits`;
    await test.api.put(path, { traits: [name], resource_provider_generation: 0 }).expect(200);
    const used = await test.api.delete(at(name)).expect(409);
    assert.equal(
      messageOf(used.body),
      `The trait ${name} is in use by a resource provider. Used by resource providers: ${uuid}.`,
    );
    await test.api.delete(path).expect(204);
    await test.api.delete(at(name)).expect(204);
  });

  it('are listed by name, prefix and use, combined', async () => {
    const [first, second] = [await create(), await create()];
    const uuid = await createProvider(test.api, randomUUID());
    await test.api
      .put(`/resource_providers/${uuid}/traits`, { traits: [first], resource_provider_generation: 0 })
      .expect(200);
    const all = await list();
    assert.ok(STANDARD_TRAITS.every((name) => all.includes(name)));
    assert.deepEqual(await list(`?name=in:${first},NO_SUCH,${second}`), [first, second].sort());
    assert.deepEqual(
      await list('?name=startswith:HW_CPU_X86_AVX'),
      STANDARD_TRAITS.filter((name) => name.startsWith('HW_CPU_X86_AVX')).sort(),
    );
    assert.deepEqual(await list('?name=startswith:hw_'), []);
    assert.deepEqual(await list('?name=startswith:HW%25'), [], 'no wildcard');
    assert.deepEqual(await list('?name=startswith:'), all);
    assert.deepEqual(await list('?name=in:'), []);
    assert.deepEqual(await list('?name=contains:X'), all, 'another operator is ignored');
    assert.deepEqual(await list('?associated=true'), [first]);
    assert.deepEqual(
      await list('?associated=FALSE'),
      all.filter((name) => name !== first),
    );
    assert.deepEqual(await list(`?associated=true&name=in:${first},${second}`), [first]);
    assert.deepEqual(await list(`?name=in:${first}&name=in:${second}`), [second], 'the last one counts');
    await test.api.delete(`/resource_providers/${uuid}/traits`).expect(204);
    assert.deepEqual(await list('?associated=true'), []);
  });

  for (const [query, why] of [
    ['name=HW', /Badly formatted name parameter.*Got: "HW"$/],
    ['name=', /Badly formatted name parameter/],
    ['associated=yes', /"associated" only accepts "true" or "false"/],
    ['associated=', /"associated" only accepts "true" or "false"/],
    ['color=red', /Invalid query string parameters: Additional properties are not allowed \('color' was unexpected\)/],
  ] as const) {
    it(`return 400 for ?${query}`, async () => {
      assert.match(messageOf((await test.api.get(`/traits?${query}`).expect(400)).body), why);
    });
  }

  it('are created by one of many who try at the same moment', async () => {
    for (let round = 0; round < 5; round++) {
      const name = fresh();
      const responses = await Promise.all(Array.from({ length: 6 }, () => test.api.put(at(name))));
      assert.deepEqual(responses.map(({ status }) => status).sort(), [201, 204, 204, 204, 204, 204]);
    }
  });

  describe('of a provider', () => {
    let uuid: string;
    beforeEach(async () => {
      uuid = await createProvider(test.api, randomUUID());
    });
    const path = (): string => `/resource_providers/${uuid}/traits`;
    const put = (traits: string[], generation: number) =>
      test.api.put(path(), { traits, resource_provider_generation: generation });

    it('are replaced at the right generation, which grows only when the set changes', async () => {
      const [a, b] = [await create(), await create()];
      const first = await put([a, b, a], 0).expect(200);
      assert.deepEqual(first.body.traits.sort(), [a, b].sort());
      assert.equal(first.body.resource_provider_generation, 1);
      assert.equal((await put([b, a], 1).expect(200)).body.resource_provider_generation, 1);
      assert.equal((await put([b], 1).expect(200)).body.resource_provider_generation, 2);
      const stale = await put([a], 1).expect(409);
      assert.equal(codeOf(stale.body), 'placement.concurrent_update');
      assert.match(messageOf(stale.body), /generation already changed/);
      assert.deepEqual((await test.api.get(path()).expect(200)).body, {
        traits: [b],
        resource_provider_generation: 2,
      });
      await test.api.delete(path()).expect(204);
      await test.api.delete(path()).expect(204);
      assert.deepEqual((await test.api.get(path()).expect(200)).body, { traits: [], resource_provider_generation: 3 });
    });

    it('must all exist, or nothing changes', async () => {
      const name = await create();
      const { body } = await put([name, 'CUSTOM_NO_B', 'CUSTOM_NO_A', 'CUSTOM_NO_B'], 0).expect(400);
      assert.equal(messageOf(body), 'No such trait CUSTOM_NO_A, CUSTOM_NO_B');
      assert.deepEqual((await test.api.get(path()).expect(200)).body, { traits: [], resource_provider_generation: 0 });
      await test.api.get(at('CUSTOM_NO_A')).expect(404);
    });

    it('look at the body before the provider', async () => {
      await test.api.put('/resource_providers/nobody/traits', {}).expect(400);
      const body = { traits: [], resource_provider_generation: 0 };
      const put404 = await test.api.put('/resource_providers/nobody/traits', body).expect(404);
      assert.equal(messageOf(put404.body), 'No resource provider with uuid nobody found');
      await test.api.delete('/resource_providers/nobody/traits').expect(404);
      const text = 'No resource provider with uuid nobody found';
      const get404 = await test.api.get('/resource_providers/nobody/traits').expect(404);
      assert.equal(messageOf(get404.body), `${text}: ${text}`);
    });

    it('let one of many writers with the same generation win', async () => {
      const names = await Promise.all(Array.from({ length: 6 }, create));
      const responses = await Promise.all(names.map((name) => put([name], 0)));
      assert.deepEqual(responses.map(({ status }) => status).sort(), [200, 409, 409, 409, 409, 409]);
      const winner = names[responses.findIndex(({ status }) => status === 200)];
      assert.deepEqual((await test.api.get(path())).body, { traits: [winner], resource_provider_generation: 1 });
    });

    it('return 400 when one of them is deleted meanwhile', async () => {
      const name = await create();
      const rival = await connect(test.databaseUrl);
      try {
        await rival.query('begin');
        await rival.query('delete from traits where name = $1', [name]);
        const response = await whileHeld(test.databaseUrl, rival, put([name], 0));
        assert.equal(response.status, 400, response.text);
        assert.equal(messageOf(response.body), `No such trait ${name}`);
      } finally {
        await rival.end();
      }
    });
  });
});
