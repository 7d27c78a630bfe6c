import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { claim, claimBody, generationOf } from '../support/claims.js';
import { createProvider, messageOf, setInventories, startTestService, type TestService } from '../support/service.js';

/** After upstream's text a 409 names the objects that prevent a removal. */
describe('a 409 for what is in use', () => {
  let test: TestService;
  let provider: string;
  before(async () => {
    test = await startTestService();
  });
  after(() => test.close());
  beforeEach(async () => {
    provider = await createProvider(test.api, `p-${randomUUID()}`);
    await setInventories(test.api, provider, { VCPU: { total: 100 }, VGPU: { total: 4 } });
  });

  const consumers = async (count: number, resources: Record<string, number>): Promise<string[]> => {
    const uuids = Array.from({ length: count }, () => randomUUID());
    for (const consumer of uuids) await claim(test.api, { [provider]: resources }, { consumer }).expect(204);
    return uuids.sort();
  };
  const at = (rest: string) => `/resource_providers/${provider}${rest}`;
  const rejected = async (request: ReturnType<TestService['api']['get']>) =>
    messageOf((await request.expect(409)).body)
      .split(/(?: in use| has allocations| provider| inventory)\./)
      .at(-1);

  it('names the consumers of a provider, ten of them, and says how many more there are', async () => {
    const [only] = await consumers(1, { VCPU: 1 });
    assert.equal(await rejected(test.api.delete(at(''))), ` Held by consumers: ${only}.`);
    const all = [only!, ...(await consumers(11, { VCPU: 1 }))].sort();
    assert.equal(
      await rejected(test.api.delete(at(''))),
      ` Held by consumers: ${all.slice(0, 10).join(', ')} and 2 more.`,
    );
  });

  it('names the consumers of the classes that are removed, and no others', async () => {
    await consumers(2, { VCPU: 1 });
    const gpus = ` Held by consumers: ${(await consumers(2, { VGPU: 1 })).join(', ')}.`;
    const generation = await generationOf(test.api, provider);
    const body = { resource_provider_generation: generation, inventories: { VCPU: { total: 100 } } };
    assert.equal(await rejected(test.api.put(at('/inventories'), body)), gpus);
    assert.equal(await rejected(test.api.delete(at('/inventories/VGPU'))), gpus);
    assert.match((await rejected(test.api.delete(at('/inventories'))))!, /^ Held by consumers: (\S+, ){3}\S+\.$/);
  });

  it('names the consumers that a reshape would leave without inventory, not those that it moves', async () => {
    const [moved, stays] = await consumers(2, { VGPU: 1 });
    const newcomer = randomUUID();
    const set = {
      resource_provider_generation: await generationOf(test.api, provider),
      inventories: { VCPU: { total: 100 } },
    };
    const inventories = { [provider]: set };
    const release = { [moved!]: claimBody({ [provider]: { VCPU: 1 } }, { consumer_generation: 1 }) };
    const take = { [newcomer]: claimBody({ [provider]: { VGPU: 1 } }, { consumer_generation: null }) };
    assert.equal(
      await rejected(test.api.post('/reshaper', { inventories, allocations: release })),
      ` Held by consumers: ${stays}.`,
    );
    assert.equal(
      await rejected(test.api.post('/reshaper', { inventories, allocations: { ...release, ...take } })),
      ` Held by consumers: ${[stays, newcomer].sort().join(', ')}.`,
    );
  });

  it('names the children of a provider', async () => {
    const children = [];
    for (let i = 0; i < 11; i++) children.push(await createProvider(test.api, `c-${randomUUID()}`, provider));
    const named = children.sort().slice(0, 10).join(', ');
    assert.match(
      messageOf((await test.api.delete(at('')).expect(409)).body),
      new RegExp(` Children: ${named} and 1 more\\.$`),
    );
  });

  it('names the providers of a resource class and of a trait', async () => {
    const name = `CUSTOM_${randomUUID().replaceAll('-', '_').toUpperCase()}`;
    await test.api.put(`/resource_classes/${name}`).expect(201);
    await test.api.put(`/traits/${name}`).expect(201);
    await setInventories(test.api, provider, { [name]: { total: 1 } });
    const traits = { traits: [name], resource_provider_generation: await generationOf(test.api, provider) };
    await test.api.put(at('/traits'), traits).expect(200);
    for (const kind of ['resource_classes', 'traits']) {
      assert.equal(await rejected(test.api.delete(`/${kind}/${name}`)), ` Used by resource providers: ${provider}.`);
    }
  });
});
