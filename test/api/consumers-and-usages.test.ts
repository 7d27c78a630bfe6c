import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { claim, claimBody } from '../support/claims.js';
import { sql } from '../support/database.js';
import { createProvider, setInventories, startTestService, type TestService } from '../support/service.js';

describe('consumers, their owners and types', () => {
  let test: TestService;
  let host: string;
  before(async () => {
    test = await startTestService({
      config: { incompleteConsumerProjectId: 'nobody-p', incompleteConsumerUserId: 'nobody-u' },
    });
    host = await createProvider(test.api, 'host');
    await setInventories(test.api, host, { VCPU: { total: 1000 }, DISK_GB: { total: 1000 } });
  });
  after(() => test.close());

  const read = async (uuid: string) => (await test.api.get(`/allocations/${uuid}`).expect(200)).body;
  const usages = async (query: string, version?: string) =>
    (await test.api.get(`/usages?${query}`, version).expect(200)).body.usages;

  it('take another project, user and type with a later write', async () => {
    const consumer = randomUUID();
    await claim(test.api, { [host]: { VCPU: 1 } }, { consumer }).expect(204);
    const changed = { consumer, consumer_generation: 1, project_id: 'p2', user_id: 'u2', consumer_type: 'MIGRATION' };
    await claim(test.api, { [host]: { VCPU: 1 } }, changed).expect(204);
    const { project_id, user_id, consumer_type } = await read(consumer);
    assert.deepEqual([project_id, user_id, consumer_type], ['p2', 'u2', 'MIGRATION']);
  });

  it('keep the type when an older version writes, and have none when it creates', async () => {
    const [typed, untyped] = [randomUUID(), randomUUID()];
    await claim(test.api, { [host]: { VCPU: 1 } }, { consumer: typed }).expect(204);
    const old = { allocations: { [host]: { resources: { VCPU: 1 } } }, project_id: 'p', user_id: 'u' };
    await test.api.put(`/allocations/${typed}`, { ...old, consumer_generation: 1 }, '1.37').expect(204);
    await test.api.put(`/allocations/${untyped}`, { ...old, consumer_generation: null }, '1.37').expect(204);
    assert.equal((await read(typed)).consumer_type, 'INSTANCE');
    assert.equal((await read(untyped)).consumer_type, 'unknown');
  });

  it('belong to the configured project and user below 1.8, even when they had others', async () => {
    const consumer = randomUUID();
    await claim(test.api, { [host]: { VCPU: 1 } }, { consumer }).expect(204);
    const body = { allocations: [{ resource_provider: { uuid: host }, resources: { VCPU: 1 } }] };
    await test.api.put(`/allocations/${consumer}`, body, '1.7').expect(204);
    const { project_id, user_id } = await read(consumer);
    assert.deepEqual([project_id, user_id], ['nobody-p', 'nobody-u']);
  });

  it('cannot have the types unknown or all, or one in lower case', async () => {
    for (const consumer_type of ['unknown', 'all', 'instance', '', null, 'A'.repeat(256)]) {
      await claim(test.api, { [host]: { VCPU: 1 } }, { consumer_type }).expect(400);
    }
  });

  it('leave no record behind when the last allocation goes', async () => {
    const consumer = randomUUID();
    await claim(test.api, { [host]: { VCPU: 1 } }, { consumer }).expect(204);
    await claim(test.api, {}, { consumer, consumer_generation: 1 }).expect(204);
    await claim(test.api, { [host]: { VCPU: 100_000 } }, { consumer }).expect(409);
    assert.deepEqual(await sql(test.databaseUrl, 'select from consumers where uuid = $1', [consumer]), []);
  });

  describe('usages of a project', () => {
    const project = `project-${randomUUID()}`;
    before(async () => {
      const put = (resources: Record<string, number>, user_id: string, consumer_type: string) =>
        claim(test.api, { [host]: resources }, { project_id: project, user_id, consumer_type }).expect(204);
      await put({ VCPU: 2, DISK_GB: 10 }, 'ada', 'INSTANCE');
      await put({ VCPU: 3 }, 'bob', 'INSTANCE');
      await put({ DISK_GB: 5 }, 'ada', 'MIGRATION');
      const untyped = { allocations: { [host]: { resources: { VCPU: 7 } } }, project_id: project, user_id: 'ada' };
      await test.api.put(`/allocations/${randomUUID()}`, untyped, '1.12').expect(204);
    });

    it('are summed by class below 1.38, for the project or one of its users', async () => {
      assert.deepEqual(await usages(`project_id=${project}`, '1.37'), { VCPU: 12, DISK_GB: 15 });
      assert.deepEqual(await usages(`project_id=${project}&user_id=bob`, '1.9'), { VCPU: 3 });
      assert.deepEqual(await usages('project_id=unheard-of', '1.9'), {});
      assert.deepEqual(await usages(`project_id=${project}&user_id=unheard-of`, '1.9'), {});
    });

    it('are grouped by consumer type from 1.38 on, each consumer counted once', async () => {
      assert.deepEqual(await usages(`project_id=${project}`), {
        INSTANCE: { VCPU: 5, DISK_GB: 10, consumer_count: 2 },
        MIGRATION: { DISK_GB: 5, consumer_count: 1 },
        unknown: { VCPU: 7, consumer_count: 1 },
      });
      assert.deepEqual(await usages(`project_id=${project}&consumer_type=MIGRATION`), {
        MIGRATION: { DISK_GB: 5, consumer_count: 1 },
      });
      assert.deepEqual(await usages(`project_id=${project}&consumer_type=unknown`), {
        unknown: { VCPU: 7, consumer_count: 1 },
      });
      assert.deepEqual(await usages(`project_id=${project}&consumer_type=all`), {
        all: { VCPU: 12, DISK_GB: 15, consumer_count: 4 },
      });
      for (const type of ['ALL', 'UNKNOWN', 'COW'])
        assert.deepEqual(await usages(`project_id=${project}&consumer_type=${type}`), {});
      assert.deepEqual(await usages('project_id=unheard-of'), {});
    });

    it('need a project, and reject what the version does not know', async () => {
      await test.api.get(`/usages?project_id=${project}`, '1.8').expect(404);
      const long = 'x'.repeat(256);
      const rejected: [string, string][] = [
        ['1.9', ''],
        ['1.9', 'project_id='],
        ['1.9', `project_id=${long}`],
        ['1.9', `project_id=${project}&colour=red`],
        ['1.37', `project_id=${project}&consumer_type=INSTANCE`],
        ['1.38', `project_id=${project}&consumer_type=instance`],
        ['1.38', 'project_id=%ff'],
      ];
      for (const [version, query] of rejected) await test.api.get(`/usages?${query}`, version).expect(400);
    });
  });

  it('show the usages of a provider for every class with inventory, 0 included', async () => {
    const fresh = await createProvider(test.api, 'fresh');
    await setInventories(test.api, fresh, { VCPU: { total: 1 }, DISK_GB: { total: 1 } });
    const { body } = await test.api.get(`/resource_providers/${fresh}/usages`).expect(200);
    assert.deepEqual(body, { resource_provider_generation: 1, usages: { VCPU: 0, DISK_GB: 0 } });
    await test.api.get(`/resource_providers/${randomUUID()}/usages`).expect(404);
    await test.api.get(`/resource_providers/${randomUUID()}/allocations`).expect(404);
  });

  it('may come by the hundred in one POST', async () => {
    const body = Object.fromEntries(
      Array.from({ length: 500 }, () => [randomUUID(), claimBody({ [host]: { DISK_GB: 1 } }, { project_id: 'many' })]),
    );
    await test.api.post('/allocations', body).expect(204);
    assert.deepEqual(await usages('project_id=many&consumer_type=all'), { all: { DISK_GB: 500, consumer_count: 500 } });
  });
});
