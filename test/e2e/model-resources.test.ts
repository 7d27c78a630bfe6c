import assert from 'node:assert/strict';
import { claim, generationOf } from '../support/claims.js';
import { createTestDatabase, dropTestDatabase } from '../support/database.js';
import { openPage, withPrograms } from '../support/run-page.js';
import { cleanUp, startProcess, temporaryFolder } from '../support/process.js';
import { setInventories, type Api } from '../support/service.js';

const CONNECTION = 'OS_PLACEMENT_DATABASE__CONNECTION';
const AGGREGATE = 'a1000000-0000-4000-8000-000000000001';
const HOSTS = { compute1: 'c1000000-0000-4000-8000-000000000001', compute2: 'c2000000-0000-4000-8000-000000000002' };

/** docs/how-to/model-resources.md: every command of it, with what it prints. */
describe('the page on modelling resources', () => {
  const page = openPage('how-to/model-resources.md');
  let connection: string;
  let env: Record<string, string>;

  before(async () => {
    const folder = await temporaryFolder();
    connection = await createTestDatabase();
    const { api, url } = await startProcess(['--port', '0'], { [CONNECTION]: connection }).listening();
    await makeHosts(api);
    const PATH = withPrograms(folder, { openstack: 'echo admin' });
    env = { PATH, HOME: folder, [CONNECTION]: connection, CONTROLLER: url };
  });
  after(async () => {
    await cleanUp();
    await dropTestDatabase(connection);
  });

  it('has commands and shows what they print', async () => {
    assert.ok(page.commands.length >= 20, `${page.commands.length} commands`);
    await page.run(env);
  });
});

async function makeHosts(api: Api): Promise<void> {
  for (const [name, uuid] of Object.entries(HOSTS)) {
    await api.post('/resource_providers', { name, uuid }).expect(200);
    await setInventories(api, uuid, { VCPU: { total: 16 }, MEMORY_MB: { total: 65536 } });
    const body = { aggregates: [AGGREGATE], resource_provider_generation: await generationOf(api, uuid) };
    await api.put(`/resource_providers/${uuid}/aggregates`, body).expect(200);
  }
  const owner = { project_id: 'red', user_id: 'alice', consumer: 'e1000000-0000-4000-8000-000000000001' };
  await claim(api, { [HOSTS.compute1]: { VCPU: 4, MEMORY_MB: 8192 } }, owner).expect(204);
}
