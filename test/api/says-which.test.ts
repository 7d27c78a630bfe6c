import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { claim, claimBody } from '../support/claims.js';
import { createProvider, messageOf, setInventories, startTestService, type TestService } from '../support/service.js';

describe('what the ledger says', () => {
  let test: TestService;
  let host: string;
  before(async () => {
    test = await startTestService();
  });
  after(() => test.close());
  beforeEach(async () => {
    host = await createProvider(test.api, randomUUID());
    await setInventories(test.api, host, { VCPU: { total: 16 } });
  });

  it('names all providers that have none of the classes asked for, before units and capacity', async () => {
    const [bare, other] = [await createProvider(test.api, randomUUID()), await createProvider(test.api, randomUUID())];
    await setInventories(test.api, other, { SRIOV_NET_VF: { total: 8 } });
    const { status, body } = await claim(test.api, {
      [host]: { VCPU: 100 },
      [bare]: { IPV4_ADDRESS: 1, DISK_GB: 1 },
      [other]: { DISK_GB: 1 },
    });
    assert.equal(status, 409);
    assert.equal(
      messageOf(body),
      `Unable to allocate inventory: Inventory for 'VCPU, IPV4_ADDRESS, DISK_GB' on resource provider '${bare}, ${other}' invalid.`,
    );
  });

  it('lets a consumer keep what it holds, or less, when units have been tightened', async () => {
    const consumer = randomUUID();
    await claim(test.api, { [host]: { VCPU: 6 } }, { consumer }).expect(204);
    await setInventories(test.api, host, { VCPU: { total: 16, max_unit: 4, min_unit: 4, step_size: 4 } });
    await claim(test.api, { [host]: { VCPU: 6 } }, { consumer, consumer_generation: 1 }).expect(204);
    const more = await claim(test.api, { [host]: { VCPU: 7 } }, { consumer, consumer_generation: 2 });
    assert.match(messageOf(more.body), /would violate inventory constraints/);
    await claim(test.api, { [host]: { VCPU: 5 } }, { consumer, consumer_generation: 2 }).expect(204);
    // Another consumer has no such right.
    const other = await claim(test.api, { [host]: { VCPU: 5 } });
    assert.match(messageOf(other.body), /would violate inventory constraints/);
  });

  it('lets a consumer hand what it holds to the consumer of its migration, and to no second one', async () => {
    const [instance, migration, second] = [randomUUID(), randomUUID(), randomUUID()];
    await claim(test.api, { [host]: { VCPU: 6 } }, { consumer: instance }).expect(204);
    await setInventories(test.api, host, { VCPU: { total: 16, max_unit: 4 } });
    const gives = claimBody({}, { consumer_generation: 1 });
    const takes = claimBody({ [host]: { VCPU: 6 } });
    const twice = await test.api.post('/allocations', { [instance]: gives, [migration]: takes, [second]: takes });
    assert.match(messageOf(twice.body), /would violate inventory constraints/);
    await test.api.post('/allocations', { [instance]: gives, [migration]: takes }).expect(204);
  });

  it('words an inventory that is not there, a method of a later microversion and an unknown microversion as upstream', async () => {
    const gone = await test.api.delete(`/resource_providers/${host}/inventories/DISK_GB`).expect(404);
    assert.equal(
      messageOf(gone.body),
      'No inventory of class DISK_GB found for delete: No inventory of class DISK_GB found for delete',
    );
    const early = await test.api.delete(`/resource_providers/${host}/inventories`, '1.4').expect(405);
    assert.equal(early.body.errors[0].detail, 'The method DELETE is not allowed for this resource. \n\n ');
    const unknown = await test.api.get('/resource_providers', '1.99').set('accept', '*/*').expect(406);
    assert.match(unknown.body.errors[0].detail, /\(content of type application\/json\. /);
  });

  it('names the generations of a conflict', async () => {
    const body = { resource_provider_generation: 7 };
    const said = 'the provider has generation 1, the request says 7.';
    const inventories = await test.api.put(`/resource_providers/${host}/inventories`, { ...body, inventories: {} });
    assert.equal(messageOf(inventories.body), `resource provider generation conflict: ${said}`);
    for (const what of ['traits', 'aggregates']) {
      const { body: problem } = await test.api.put(`/resource_providers/${host}/${what}`, { ...body, [what]: [] });
      assert.match(messageOf(problem), new RegExp(`already changed\\. Please .* Now ${said}$`));
    }
  });

  it('tells an administrator who may reshape', async () => {
    const strict = await startTestService({ databaseUrl: test.databaseUrl, config: { enforceNewDefaults: true } });
    const { body } = await strict.api.post('/reshaper', { inventories: {}, allocations: {} }).expect(403);
    assert.match(
      messageOf(body),
      /^Policy does not allow placement:reshaper:reshape to be performed\. By default the role "service" may; .*enforce_new_defaults/,
    );
    await strict.close();
  });
});
