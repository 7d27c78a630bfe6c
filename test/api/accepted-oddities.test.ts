import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { createProvider, messageOf, startTestService, type TestService } from '../support/service.js';
import { send } from '../support/raw-request.js';

describe('what is odd, but good', () => {
  let test: TestService;
  before(async () => {
    test = await startTestService();
  });
  after(() => test.close());
  const roundTrip = async (name: string): Promise<void> => {
    const { body } = await test.api.post('/resource_providers', { name }).expect(200);
    assert.equal(body.name, name);
    const shown = await test.api.get(`/resource_providers/${body.uuid}`).expect(200);
    assert.equal(shown.body.name, name);
    const found = await test.api.get(`/resource_providers?name=${encodeURIComponent(name)}`).expect(200);
    assert.equal(found.body.resource_providers[0]?.uuid, body.uuid);
  };

  it('a name of 200 characters, each of two code units, is taken; one of 201 is not', async () => {
    await roundTrip('\u{1F600}'.repeat(200));
    for (const character of ['x', 'é', '\u{1F600}']) {
      const { body } = await test.api.post('/resource_providers', { name: character.repeat(201) }).expect(400);
      assert.match(messageOf(body), /is too long/);
    }
  });

  const names = [
    '東京 – Zürich',
    ' ',
    '__proto__',
    "'; drop table x; --",
    '%_\\',
    '<b>&"',
    'a\nb\tc',
    '\u0001',
    '\uFEFF',
  ];
  for (const name of names) {
    it(`the name ${JSON.stringify(name)} comes back as it went in`, () => roundTrip(name));
  }

  it('names that differ in case or composition are different names', async () => {
    for (const name of ['Case', 'case', '\u00e9', 'e\u0301']) await createProvider(test.api, name);
  });

  it('of duplicate keys the last one counts', async () => {
    const [first, last] = [randomUUID(), randomUUID()];
    const body = `{"name": "${first}", "name": "${last}"}`;
    const response = await send(test.url, { method: 'POST', path: '/resource_providers', body });
    assert.equal(response.status, 200);
    assert.equal((JSON.parse(response.text) as { name: string }).name, last);
  });

  it('whole numbers may be written as floats', async () => {
    const uuid = await createProvider(test.api, randomUUID());
    const body = '{"resource_provider_generation": 0.0, "traits": ["HW_CPU_X86_AVX"]}';
    const response = await send(test.url, { method: 'PUT', path: `/resource_providers/${uuid}/traits`, body });
    assert.equal(response.status, 200);
  });

  it('names of things every object has are no trait, class, inventory or provider', async () => {
    const uuid = await createProvider(test.api, randomUUID());
    for (const name of ['__proto__', 'constructor', 'toString', 'hasOwnProperty']) {
      const paths = [`/traits/${name}`, `/resource_classes/${name}`, `/resource_providers/${name}`];
      for (const path of [...paths, `/resource_providers/${uuid}/inventories/${name}`]) {
        await test.api.get(path).expect(404);
        await test.api.delete(path).expect(404);
      }
    }
  });
});
