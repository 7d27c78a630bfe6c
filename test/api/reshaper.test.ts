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

describe('the reshaper', () => {
  let test: TestService;
  let root: string;
  let child: string;
  let consumer: string;
  before(async () => {
    test = await startTestService();
  });
  after(() => test.close());
  beforeEach(async () => {
    root = await createProvider(test.api, `root-${randomUUID()}`);
    child = await createProvider(test.api, `child-${randomUUID()}`, root);
    await setInventories(test.api, root, { VCPU: { total: 8 }, VGPU: { total: 4 } });
    consumer = randomUUID();
    await claim(test.api, { [root]: { VCPU: 2, VGPU: 3 } }, { consumer }).expect(204);
  });

  const sets = async (inventories: Record<string, object>) =>
    Object.fromEntries(
      await Promise.all(
        Object.entries(inventories).map(async ([uuid, set]) => [
          uuid,
          { resource_provider_generation: await generationOf(test.api, uuid), inventories: set },
        ]),
      ),
    ) as object;
  const moved = (consumer_generation: unknown = 1) => ({
    [consumer]: claimBody({ [root]: { VCPU: 2 }, [child]: { VGPU: 3 } }, { consumer_generation }),
  });
  const state = async () => ({
    root: (await test.api.get(`/resource_providers/${root}/inventories`)).body,
    child: (await test.api.get(`/resource_providers/${child}/inventories`)).body,
    consumer: (await test.api.get(`/allocations/${consumer}`)).body,
  });

  it('moves inventory and what is allocated of it to a child, in one step', async () => {
    const before = { root: await generationOf(test.api, root), child: await generationOf(test.api, child) };
    const inventories = await sets({ [root]: { VCPU: { total: 8 } }, [child]: { VGPU: { total: 4 } } });
    await test.api.post('/reshaper', { inventories, allocations: moved() }).expect(204);
    assert.deepEqual(await usagesOf(test.api, root), { VCPU: 2 });
    assert.deepEqual(await usagesOf(test.api, child), { VGPU: 3 });
    // The interim set, the allocations and the final set each count.
    assert.equal(await generationOf(test.api, root), before.root + 3);
    assert.equal(await generationOf(test.api, child), before.child + 3);
  });

  const rejections: [string, number, string, () => Promise<object>, RegExp][] = [
    [
      'inventory that other consumers still use is left out',
      409,
      'placement.inventory.inuse',
      async () => ({ inventories: await sets({ [root]: { VCPU: { total: 8 } } }), allocations: {} }),
      /Inventory for 'VGPU' on resource provider '.*' in use\. Held by consumers: [-0-9a-f]{36}\.$/,
    ],
    [
      'a provider has another generation',
      409,
      'placement.concurrent_update',
      async () => ({
        inventories: {
          ...(await sets({ [root]: { VCPU: { total: 8 } } })),
          [child]: { resource_provider_generation: 77, inventories: {} },
        },
        allocations: moved(),
      }),
      /^resource provider generation conflict for provider .*: actual: 0, given: 77$/,
    ],
    [
      'a consumer has another generation',
      409,
      'placement.concurrent_update',
      async () => ({
        inventories: await sets({ [root]: { VCPU: { total: 8 } }, [child]: { VGPU: { total: 4 } } }),
        allocations: moved(5),
      }),
      /^consumer generation conflict - expected 1 but got 5$/,
    ],
    [
      'a provider under inventories is unknown',
      400,
      'placement.resource_provider.not_found',
      async () => ({
        inventories: {
          [randomUUID()]: { resource_provider_generation: 0, inventories: {} },
          ...(await sets({ [root]: {} })),
        },
        allocations: moved(),
      }),
      /in inventories not found: No resource provider with uuid/,
    ],
    [
      'a class is unknown',
      400,
      'placement.undefined_code',
      async () => ({ inventories: await sets({ [root]: { COWS: { total: 1 } } }), allocations: {} }),
      /No such resource class COWS\.$/,
    ],
    [
      'the allocations do not fit the new inventory',
      409,
      'placement.undefined_code',
      async () => ({
        inventories: await sets({ [root]: { VCPU: { total: 8 } }, [child]: { VGPU: { total: 2 } } }),
        allocations: moved(),
      }),
      /would exceed the capacity\.$/,
    ],
  ];
  for (const [what, status, code, body, text] of rejections) {
    it(`returns ${status} when ${what}, and changes nothing`, async () => {
      const before = await state();
      const response = await test.api.post('/reshaper', await body()).expect(status);
      assert.equal(codeOf(response.body), code);
      assert.match(messageOf(response.body), text);
      assert.deepEqual(await state(), before);
    });
  }

  it('may be given no allocations, and inventories that reserve more than they have', async () => {
    const inventories = await sets({ [child]: { VCPU: { total: 1, reserved: 5 } } });
    await test.api.post('/reshaper', { inventories, allocations: {} }).expect(204);
  });

  it('lets the allocations use what only the interim inventory has, if it is unused at the end', async () => {
    // The consumer gives up its VGPUs in the same request that removes them.
    const inventories = await sets({ [root]: { VCPU: { total: 8 } } });
    const allocations = { [consumer]: claimBody({ [root]: { VCPU: 2 } }, { consumer_generation: 1 }) };
    await test.api.post('/reshaper', { inventories, allocations }).expect(204);
    assert.deepEqual(await usagesOf(test.api, root), { VCPU: 2 });
  });

  it('exists from 1.30 on, and asks for both parts', async () => {
    await test.api.post('/reshaper', {}, '1.29').expect(404);
    for (const body of [{}, { inventories: {} }, { inventories: {}, allocations: {} }, { allocations: {} }]) {
      await test.api.post('/reshaper', body).expect(400);
    }
  });

  it('lets one of two reshapes with the same generations win', async () => {
    const inventories = await sets({ [root]: { VCPU: { total: 8 } }, [child]: { VGPU: { total: 4 } } });
    const both = await Promise.all([1, 2].map(() => test.api.post('/reshaper', { inventories, allocations: moved() })));
    assert.deepEqual(both.map(({ status }) => status).sort(), [204, 409]);
    assert.deepEqual(await usagesOf(test.api, child), { VGPU: 3 });
  });
});
