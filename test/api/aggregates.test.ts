import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { codeOf, createProvider, messageOf, startTestService, type TestService } from '../support/service.js';

describe('aggregates of a provider', () => {
  let test: TestService;
  let uuid: string;
  before(async () => {
    test = await startTestService();
  });
  after(() => test.close());
  beforeEach(async () => {
    uuid = await createProvider(test.api, `a-${randomUUID()}`);
  });
  const path = (): string => `/resource_providers/${uuid}/aggregates`;
  const generation = async (): Promise<number> =>
    (await test.api.get(`/resource_providers/${uuid}`).expect(200)).body.generation;
  const put = (aggregates: string[], resource_provider_generation: number) =>
    test.api.put(path(), { aggregates, resource_provider_generation });
  const stored = async (): Promise<string[]> => (await test.api.get(path()).expect(200)).body.aggregates.sort();

  it('do not exist at 1.0', async () => {
    await test.api.get(path(), '1.0').expect(404);
    await test.api.put(path(), [], '1.0').expect(404);
  });

  for (const version of ['1.1', '1.18']) {
    it(`are a bare list at ${version}, whatever the generation, which stays`, async () => {
      const [a, b] = [randomUUID(), randomUUID()];
      const response = await test.api.put(path(), [b, a], version).expect(200);
      assert.deepEqual(response.body, { aggregates: [b, a] }, 'in the order given');
      const { body, headers } = await test.api.get(path(), version).expect(200);
      assert.deepEqual({ aggregates: body.aggregates.sort() }, { aggregates: [a, b].sort() });
      assert.equal('cache-control' in headers, version === '1.18');
      assert.equal('last-modified' in response.headers, version === '1.18');
      await test.api.put(path(), [], version).expect(200);
      assert.deepEqual(await stored(), []);
      assert.equal(await generation(), 0);
      await test.api.put(path(), { aggregates: [], resource_provider_generation: 0 }, version).expect(400);
    });
  }

  it('carry the generation from 1.19 on, which is compared and grows even when nothing changes', async () => {
    const [a, b] = [randomUUID(), randomUUID()];
    const first = await put([b, a], 0).expect(200);
    assert.deepEqual(first.body, { aggregates: [b, a], resource_provider_generation: 1 });
    const second = await put([a, b], 1).expect(200);
    assert.equal(second.body.resource_provider_generation, 2);
    const stale = await put([], 1).expect(409);
    assert.equal(codeOf(stale.body), 'placement.concurrent_update');
    assert.equal(
      messageOf(stale.body),
      "Resource provider's generation already changed. Please update the generation and try again. " +
        'Now the provider has generation 2, the request says 1.',
    );
    assert.deepEqual(await stored(), [a, b].sort());
    await put([b], 2).expect(200);
    assert.deepEqual((await test.api.get(path()).expect(200)).body, {
      aggregates: [b],
      resource_provider_generation: 3,
    });
    await test.api.put(path(), [a], '1.19').expect(400);
    await test.api.put(path(), { aggregates: [a] }, '1.19').expect(400);
    await test.api.put(path(), { resource_provider_generation: 3 }, '1.19').expect(400);
  });

  it('are stored as they are spelled, so other spellings are other aggregates', async () => {
    const aggregate = 'abcdefab-cdef-4bcd-8fab-cdefabcdefab';
    const spellings = [aggregate, aggregate.toUpperCase(), aggregate.replaceAll('-', '')];
    await put(spellings, 0).expect(200);
    assert.deepEqual(await stored(), [...spellings].sort());
    for (const spelling of spellings) {
      const { body } = await test.api.get(`/resource_providers?member_of=${spelling}`).expect(200);
      assert.equal(body.resource_providers.length, 1);
    }
  });

  for (const spelling of ['{UUID}', 'urn:uuid:UUID']) {
    it(`reject ${spelling}, which is too long to store`, async () => {
      const { body } = await put([spelling.replace('UUID', randomUUID())], 0).expect(400);
      assert.match(messageOf(body), /too long: an aggregate uuid has at most 36 characters/);
      assert.equal(await generation(), 0);
    });
  }

  it('reject the same uuid twice, and what is no uuid', async () => {
    const aggregate = randomUUID();
    const twice = await put([aggregate, aggregate], 0).expect(400);
    assert.match(messageOf(twice.body), /has non-unique elements/);
    const none = await put(['no-uuid'], 0).expect(400);
    assert.match(messageOf(none.body), /'no-uuid' is not a 'uuid'/);
    assert.deepEqual(await stored(), []);
  });

  it('look for the provider before the body', async () => {
    for (const body of [{}, { aggregates: [], resource_provider_generation: 0 }]) {
      const missing = await test.api.put('/resource_providers/nobody/aggregates', body).expect(404);
      assert.equal(messageOf(missing.body), 'No resource provider with uuid nobody found');
    }
    await test.api.get('/resource_providers/nobody/aggregates').expect(404);
  });

  it('let one of many writers with the same generation win', async () => {
    const sets = Array.from({ length: 6 }, () => [randomUUID()]);
    const responses = await Promise.all(sets.map((aggregates) => put(aggregates, 0)));
    assert.deepEqual(responses.map(({ status }) => status).sort(), [200, 409, 409, 409, 409, 409]);
    assert.deepEqual(await stored(), sets[responses.findIndex(({ status }) => status === 200)]);
    assert.equal(await generation(), 1);
  });

  it('take whole sets from writers without generation, never a mixture', async () => {
    for (let round = 0; round < 5; round++) {
      const sets = Array.from({ length: 4 }, () => [randomUUID(), randomUUID()].sort());
      await Promise.all(sets.map((set) => test.api.put(path(), set, '1.18').expect(200)));
      const left = await stored();
      assert.ok(
        sets.some((set) => set.join() === left.join()),
        left.join(),
      );
    }
  });
});
