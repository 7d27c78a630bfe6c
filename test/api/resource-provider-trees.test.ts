import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { createProvider, messageOf, startTestService, type TestService } from '../support/service.js';

describe('resource providers in trees', () => {
  let test: TestService;
  before(async () => {
    test = await startTestService();
  });
  after(() => test.close());
  const fresh = (): string => `t-${randomUUID()}`;
  const at = (uuid: string): string => `/resource_providers/${uuid}`;
  const show = async (uuid: string) => (await test.api.get(at(uuid)).expect(200)).body;
  const update = (uuid: string, body: object, version?: string) => test.api.put(at(uuid), body, version);

  let root: string, child: string, grandchild: string, other: string;
  beforeEach(async () => {
    root = await createProvider(test.api, fresh());
    child = await createProvider(test.api, fresh(), root);
    grandchild = await createProvider(test.api, fresh(), child);
    other = await createProvider(test.api, fresh());
  });
  const move = async (uuid: string, parent: string | null, version?: string) =>
    update(uuid, { name: (await show(uuid)).name, parent_provider_uuid: parent }, version);
  const tree = async (uuid: string): Promise<string[]> => {
    const { body } = await test.api.get(`/resource_providers?in_tree=${uuid}`).expect(200);
    return body.resource_providers.map((provider: { uuid: string }) => provider.uuid).sort();
  };

  it('give a root a parent once, from 1.14 on, and its whole subtree the new root', async () => {
    const response = await move(root, other, '1.14');
    assert.equal(response.status, 200);
    assert.deepEqual([response.body.parent_provider_uuid, response.body.root_provider_uuid], [other, other]);
    for (const uuid of [root, child, grandchild]) assert.equal((await show(uuid)).root_provider_uuid, other);
    assert.equal((await show(child)).parent_provider_uuid, root);
    assert.deepEqual(await tree(grandchild), [root, child, grandchild, other].sort());
    assert.equal((await move(root, other, '1.14')).status, 200, 'the parent it has');
  });

  it('keep their parent below 1.37, and may change or lose it from 1.37 on', async () => {
    for (const [parent, why] of [
      [other, 're-parenting a provider is not currently allowed.'],
      [null, 'un-parenting a provider is not currently allowed.'],
    ] as const) {
      const rejected = await move(child, parent, '1.36');
      assert.equal(rejected.status, 400);
      const prefix = `Unable to save resource provider ${child}: Object action update failed because: `;
      assert.equal(messageOf(rejected.body), prefix + why);
      assert.equal((await show(child)).parent_provider_uuid, root);
    }
    assert.equal((await move(child, other, '1.37')).status, 200);
    assert.deepEqual(await tree(other), [other, child, grandchild].sort());
    assert.deepEqual(await tree(root), [root]);
    assert.equal((await move(child, null, '1.37')).body.root_provider_uuid, child);
    assert.deepEqual(await tree(grandchild), [child, grandchild].sort());
  });

  it('never loop, at any version', async () => {
    for (const version of ['1.14', '1.36', '1.37', '1.39']) {
      for (const parent of [root, child, grandchild]) {
        const rejected = await move(root, parent, version);
        assert.equal(rejected.status, 400);
        assert.match(messageOf(rejected.body), /creating loop in the provider tree is not allowed\.$/);
      }
    }
    assert.equal((await move(child, randomUUID())).status, 400);
    assert.deepEqual(await tree(root), [root, child, grandchild].sort());
  });

  it('keep the parent when the body does not speak of it', async () => {
    const { body } = await update(child, { name: fresh() }).expect(200);
    assert.deepEqual([body.parent_provider_uuid, body.root_provider_uuid], [root, root]);
  });
});
