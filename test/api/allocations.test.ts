import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { claim, claimBody, generationOf, usagesOf } from '../support/claims.js';
import {
  codeOf,
  createProvider,
  messageOf,
  setInventories,
  startTestService,
  type TestService,
} from '../support/service.js';

describe('allocations of a consumer', () => {
  let test: TestService;
  let host: string;
  let other: string;
  let consumer: string;
  before(async () => {
    test = await startTestService();
  });
  after(() => test.close());
  beforeEach(async () => {
    host = await createProvider(test.api, `host-${randomUUID()}`);
    other = await createProvider(test.api, `other-${randomUUID()}`);
    await setInventories(test.api, host, {
      VCPU: { total: 8 },
      MEMORY_MB: { total: 1024, min_unit: 128, step_size: 128 },
    });
    await setInventories(test.api, other, { VCPU: { total: 8 }, DISK_GB: { total: 100, max_unit: 50 } });
    consumer = randomUUID();
  });

  const read = async (uuid = consumer, version?: string) =>
    (await test.api.get(`/allocations/${uuid}`, version).expect(200)).body;

  it('are written, shown and counted, on several providers at once', async () => {
    await claim(test.api, { [host]: { VCPU: 2, MEMORY_MB: 256 }, [other]: { DISK_GB: 10 } }, { consumer }).expect(204);
    assert.deepEqual(await read(), {
      allocations: {
        [host]: { resources: { VCPU: 2, MEMORY_MB: 256 }, generation: 2 },
        [other]: { resources: { DISK_GB: 10 }, generation: 2 },
      },
      project_id: 'a-project',
      user_id: 'a-user',
      consumer_generation: 1,
      consumer_type: 'INSTANCE',
    });
    assert.deepEqual(await usagesOf(test.api, host), { VCPU: 2, MEMORY_MB: 256 });
    assert.deepEqual(await usagesOf(test.api, other), { VCPU: 0, DISK_GB: 10 });
    const { body } = await test.api.get(`/resource_providers/${host}/allocations`).expect(200);
    assert.deepEqual(body, {
      allocations: { [consumer]: { resources: { VCPU: 2, MEMORY_MB: 256 }, consumer_generation: 1 } },
      resource_provider_generation: 2,
    });
  });

  it('show nothing but an empty object for a consumer without any, at every version', async () => {
    for (const version of ['1.0', '1.12', '1.28', '1.39'])
      assert.deepEqual(await read(consumer, version), { allocations: {} });
    assert.deepEqual(await read('any-string'), { allocations: {} });
  });

  it('show project and user from 1.12, the generation from 1.28, the type from 1.38', async () => {
    await claim(test.api, { [host]: { VCPU: 1 } }, { consumer }).expect(204);
    const keys = async (version: string) => Object.keys(await read(consumer, version)).sort();
    assert.deepEqual(await keys('1.11'), ['allocations']);
    assert.deepEqual(await keys('1.12'), ['allocations', 'project_id', 'user_id']);
    assert.deepEqual(await keys('1.28'), ['allocations', 'consumer_generation', 'project_id', 'user_id']);
    assert.deepEqual(await keys('1.38'), [
      'allocations',
      'consumer_generation',
      'consumer_type',
      'project_id',
      'user_id',
    ]);
    const { body } = await test.api.get(`/resource_providers/${host}/allocations`, '1.27').expect(200);
    assert.deepEqual(body.allocations, { [consumer]: { resources: { VCPU: 1 } } });
  });

  it('take the body of each version, and reject the members of later ones', async () => {
    const list = [{ resource_provider: { uuid: host }, resources: { VCPU: 1 } }];
    const dict = { [host]: { resources: { VCPU: 1 } } };
    const owners = { project_id: 'p', user_id: 'u' };
    const accepted: [string, object][] = [
      ['1.0', { allocations: list }],
      ['1.7', { allocations: list }],
      ['1.8', { allocations: list, ...owners }],
      ['1.12', { allocations: dict, ...owners }],
      ['1.27', { allocations: { [host]: { resources: { VCPU: 1 }, generation: 99 } }, ...owners }],
      ['1.28', { allocations: dict, ...owners, consumer_generation: null }],
      ['1.34', { allocations: dict, ...owners, consumer_generation: null, mappings: { '': [host], _PORT: [host] } }],
      ['1.38', { allocations: dict, ...owners, consumer_generation: null, consumer_type: 'INSTANCE' }],
    ];
    for (const [version, body] of accepted) {
      await test.api.put(`/allocations/${randomUUID()}`, body, version).expect(204);
    }
    const rejected: [string, object][] = [
      ['1.7', { allocations: list, ...owners }],
      ['1.8', { allocations: list }],
      ['1.11', { allocations: dict, ...owners }],
      ['1.12', { allocations: list, ...owners }],
      ['1.12', { allocations: {}, ...owners }],
      ['1.27', { allocations: dict, ...owners, consumer_generation: null }],
      ['1.28', { allocations: dict, ...owners }],
      ['1.33', { allocations: dict, ...owners, consumer_generation: null, mappings: { '': [host] } }],
      ['1.34', { allocations: dict, ...owners, consumer_generation: null, mappings: {} }],
      ['1.34', { allocations: dict, ...owners, consumer_generation: null, mappings: { a: [] } }],
      ['1.34', { allocations: dict, ...owners, consumer_generation: null, mappings: { a: ['no uuid'] } }],
      ['1.37', { allocations: dict, ...owners, consumer_generation: null, consumer_type: 'INSTANCE' }],
      ['1.38', { allocations: dict, ...owners, consumer_generation: null }],
    ];
    for (const [version, body] of rejected) {
      const response = await test.api.put(`/allocations/${randomUUID()}`, body, version);
      assert.equal(response.status, 400, `${version} ${JSON.stringify(body)}`);
      assert.match(messageOf(response.body), /^JSON does not validate: /);
    }
  });

  it('count the last entry when the list form names a provider twice', async () => {
    const entry = (vcpus: number) => ({ resource_provider: { uuid: host }, resources: { VCPU: vcpus } });
    await test.api.put(`/allocations/${consumer}`, { allocations: [entry(5), entry(3)] }, '1.0').expect(204);
    assert.equal((await usagesOf(test.api, host))['VCPU'], 3);
  });

  it('are replaced as a whole, and only providers named in the request change their generation', async () => {
    await claim(test.api, { [host]: { VCPU: 2 } }, { consumer }).expect(204);
    const generation = await generationOf(test.api, host);
    await claim(test.api, { [other]: { VCPU: 3 } }, { consumer, consumer_generation: 1 }).expect(204);
    assert.equal((await usagesOf(test.api, host))['VCPU'], 0);
    assert.equal((await usagesOf(test.api, other))['VCPU'], 3);
    assert.equal(await generationOf(test.api, host), generation, 'the provider that was left');
    assert.equal((await read()).consumer_generation, 2);
  });

  it('do not count against themselves when they are replaced', async () => {
    await claim(test.api, { [host]: { VCPU: 6 } }, { consumer }).expect(204);
    await claim(test.api, { [host]: { VCPU: 8 } }, { consumer, consumer_generation: 1 }).expect(204);
    await claim(test.api, { [host]: { VCPU: 9 } }, { consumer, consumer_generation: 2 }).expect(409);
    assert.equal((await usagesOf(test.api, host))['VCPU'], 8);
  });

  describe('and the consumer generation', () => {
    const conflict = async (consumer_generation: unknown, text: RegExp) => {
      const { body } = await claim(test.api, { [host]: { VCPU: 1 } }, { consumer, consumer_generation }).expect(409);
      assert.equal(codeOf(body), 'placement.concurrent_update');
      assert.match(messageOf(body), text);
    };

    it('null means that there is no such consumer, a number that it is there as it was', async () => {
      await conflict(5, /^consumer generation conflict - expected null but got 5$/);
      await claim(test.api, { [host]: { VCPU: 1 } }, { consumer }).expect(204);
      await conflict(null, /^consumer generation conflict - expected 1 but got None$/);
      await conflict(7, /^consumer generation conflict - expected 1 but got 7$/);
      await claim(test.api, { [host]: { VCPU: 1 } }, { consumer, consumer_generation: 1 }).expect(204);
    });

    it('is not asked for below 1.28 but grows', async () => {
      const body = { allocations: { [host]: { resources: { VCPU: 1 } } }, project_id: 'p', user_id: 'u' };
      await test.api.put(`/allocations/${consumer}`, body, '1.12').expect(204);
      await test.api.put(`/allocations/${consumer}`, body, '1.12').expect(204);
      assert.equal((await read()).consumer_generation, 2);
    });

    it('starts again after the last allocation is gone, by an empty object or by DELETE', async () => {
      await claim(test.api, { [host]: { VCPU: 1 } }, { consumer }).expect(204);
      const generation = await generationOf(test.api, host);
      await claim(test.api, {}, { consumer, consumer_generation: 1 }).expect(204);
      assert.equal(await generationOf(test.api, host), generation + 1, 'an empty object counts for what was held');
      await claim(test.api, { [host]: { VCPU: 1 } }, { consumer }).expect(204);
      await test.api.delete(`/allocations/${consumer}`).expect(204);
      assert.equal(await generationOf(test.api, host), generation + 2, 'DELETE leaves the generation');
      await claim(test.api, { [host]: { VCPU: 1 } }, { consumer }).expect(204);
    });

    it('stays null after a request that failed or removed nothing (upstream leaves a record behind)', async () => {
      await claim(test.api, { [randomUUID()]: { VCPU: 1 } }, { consumer }).expect(400);
      await claim(test.api, { [host]: { VCPU: 99 } }, { consumer }).expect(409);
      await claim(test.api, {}, { consumer }).expect(204);
      await claim(test.api, {}, { consumer }).expect(204);
      await claim(test.api, { [host]: { VCPU: 1 } }, { consumer }).expect(204);
    });
  });

  const doesNotFit: [string, () => Record<string, Record<string, number>>, RegExp][] = [
    ['more than the capacity', () => ({ [host]: { VCPU: 9 } }), /would exceed the capacity\.$/],
    ['below min_unit', () => ({ [host]: { MEMORY_MB: 64 } }), /would violate inventory constraints\.$/],
    ['off the step_size', () => ({ [host]: { MEMORY_MB: 200 } }), /would violate inventory constraints\.$/],
    ['above max_unit', () => ({ [other]: { DISK_GB: 51 } }), /would violate inventory constraints\.$/],
    ['beyond any integer', () => ({ [host]: { VCPU: 1e300 } }), /would violate inventory constraints\.$/],
    [
      'of a class without inventory',
      () => ({ [host]: { DISK_GB: 1 } }),
      /^Unable to allocate inventory: Inventory for 'DISK_GB' on resource provider '.*' invalid\.$/,
    ],
    ['on one of two providers', () => ({ [other]: { VCPU: 1 }, [host]: { VCPU: 9 } }), /would exceed the capacity\.$/],
  ];
  for (const [what, allocations, text] of doesNotFit) {
    it(`are rejected with 409 and without a concurrent_update: ${what}; nothing is written`, async () => {
      const { body } = await claim(test.api, allocations(), { consumer }).expect(409);
      assert.equal(codeOf(body), 'placement.undefined_code');
      assert.match(messageOf(body), text);
      assert.deepEqual(await read(), { allocations: {} });
      assert.equal(await generationOf(test.api, host), 1);
      assert.equal(await generationOf(test.api, other), 1);
    });
  }

  it('are rejected with 400: unknown provider, unknown class, a consumer that is no uuid', async () => {
    const unknown = randomUUID();
    const provider = await claim(test.api, { [unknown]: { VCPU: 1 } }, { consumer }).expect(400);
    assert.equal(messageOf(provider.body), `Allocation for resource provider '${unknown}' that does not exist.`);
    const resourceClass = await claim(test.api, { [host]: { COWS: 1 } }, { consumer }).expect(400);
    assert.equal(
      messageOf(resourceClass.body),
      `Unable to allocate inventory for consumer ${consumer}: No such resource class COWS.`,
    );
    const malformed = await claim(test.api, { [host]: { VCPU: 1 } }, { consumer: 'not-a-uuid' }).expect(400);
    assert.match(messageOf(malformed.body), /^Malformed consumer_uuid: not-a-uuid$/);
  });

  it('take any spelling of the consumer uuid on PUT, and mean the same consumer', async () => {
    const undashed = consumer.replaceAll('-', '').toUpperCase();
    await claim(test.api, { [host]: { VCPU: 1 } }, { consumer: undashed }).expect(204);
    assert.equal((await read()).consumer_generation, 1);
  });

  it('use the capacity unrounded: 3 at a ratio of 1.5 takes 4 but not 5', async () => {
    await setInventories(test.api, host, { VCPU: { total: 3, allocation_ratio: 1.5 } });
    await claim(test.api, { [host]: { VCPU: 5 } }, { consumer }).expect(409);
    await claim(test.api, { [host]: { VCPU: 4 } }, { consumer }).expect(204);
  });

  it('may stay or shrink but not grow on a provider that is over its capacity', async () => {
    await claim(test.api, { [host]: { VCPU: 8 } }, { consumer }).expect(204);
    await setInventories(test.api, host, { VCPU: { total: 1 } });
    const put = (vcpus: number, consumer_generation: number) =>
      claim(test.api, { [host]: { VCPU: vcpus } }, { consumer, consumer_generation });
    await put(8, 1).expect(204);
    await put(9, 2).expect(409);
    await put(7, 2).expect(204);
    await put(2, 3).expect(204);
    await put(3, 4).expect(409);
    await claim(test.api, { [host]: { VCPU: 1 } }).expect(409);
  });

  it('check units when the amount grows, and not when it stays', async () => {
    await claim(test.api, { [host]: { VCPU: 3 } }, { consumer }).expect(204);
    await setInventories(test.api, host, { VCPU: { total: 8, step_size: 2 } });
    await claim(test.api, { [host]: { VCPU: 5 } }, { consumer, consumer_generation: 1 }).expect(409);
    await claim(test.api, { [host]: { VCPU: 3 } }, { consumer, consumer_generation: 1 }).expect(204);
  });

  it('can be sent back as they were read, at every version that Nova and osc-placement use', async () => {
    for (const version of ['1.12', '1.28', '1.36', '1.38', '1.39']) {
      const uuid = randomUUID();
      await claim(test.api, { [host]: { VCPU: 1 } }, { consumer: uuid }).expect(204);
      await test.api.put(`/allocations/${uuid}`, await read(uuid, version), version).expect(204);
    }
  });

  it('are deleted once: then 404', async () => {
    await claim(test.api, { [host]: { VCPU: 1 } }, { consumer }).expect(204);
    await test.api.delete(`/allocations/${consumer}`).expect(204);
    const { body } = await test.api.delete(`/allocations/${consumer}`).expect(404);
    assert.equal(messageOf(body), `No allocations for consumer '${consumer}'`);
  });

  describe('of several consumers in one POST', () => {
    it('move from one consumer to another, all or nothing', async () => {
      const target = randomUUID();
      await claim(test.api, { [host]: { VCPU: 8 } }, { consumer }).expect(204);
      const move = (targetAmount: number) => ({
        [consumer]: claimBody({}, { consumer_generation: 1 }),
        [target]: claimBody({ [host]: { VCPU: targetAmount } }),
      });
      await test.api.post('/allocations', move(9)).expect(409);
      assert.equal((await read()).consumer_generation, 1, 'nothing happened');
      await test.api.post('/allocations', move(8)).expect(204);
      assert.deepEqual(await read(), { allocations: {} });
      assert.deepEqual((await read(target)).allocations[host].resources, { VCPU: 8 });
      assert.deepEqual(await usagesOf(test.api, host), { VCPU: 8, MEMORY_MB: 0 });
    });

    it('swap what they hold, where neither would fit beside the other', async () => {
      const second = randomUUID();
      await claim(test.api, { [host]: { VCPU: 8 } }, { consumer }).expect(204);
      await claim(test.api, { [other]: { VCPU: 8 } }, { consumer: second }).expect(204);
      await test.api
        .post('/allocations', {
          [consumer]: claimBody({ [other]: { VCPU: 8 } }, { consumer_generation: 1 }),
          [second]: claimBody({ [host]: { VCPU: 8 } }, { consumer_generation: 1 }),
        })
        .expect(204);
      assert.deepEqual(Object.keys((await read()).allocations), [other]);
    });

    it('add up on one provider', async () => {
      const together = (a: number, b: number) =>
        test.api.post('/allocations', {
          [randomUUID()]: claimBody({ [host]: { VCPU: a } }),
          [randomUUID()]: claimBody({ [host]: { VCPU: b } }),
        });
      await together(5, 4).expect(409);
      await together(5, 3).expect(204);
      assert.equal(await generationOf(test.api, host), 2, 'once for the request');
    });

    it('reject one stale generation for all', async () => {
      await test.api
        .post('/allocations', {
          [randomUUID()]: claimBody({ [host]: { VCPU: 1 } }),
          [consumer]: claimBody({ [host]: { VCPU: 1 } }, { consumer_generation: 3 }),
        })
        .expect(409);
      assert.equal((await usagesOf(test.api, host))['VCPU'], 0);
    });

    it('exist from 1.13 on and need at least one consumer', async () => {
      await test.api.post('/allocations', {}, '1.12').expect(404);
      await test.api.post('/allocations', {}, '1.13').expect(400);
      const body = { [consumer]: { allocations: {}, project_id: 'p', user_id: 'u' } };
      await test.api.post('/allocations', body, '1.13').expect(204);
    });
  });
});
