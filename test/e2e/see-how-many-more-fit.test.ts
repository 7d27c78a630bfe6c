import assert from 'node:assert/strict';
import { claim, generationOf } from '../support/claims.js';
import { createTestDatabase } from '../support/database.js';
import { cleanUp, startProcess, temporaryFolder } from '../support/process.js';
import { openPage, withPrograms } from '../support/run-page.js';
import { createProvider, setInventories, type Api } from '../support/service.js';

const CONNECTION = 'OS_PLACEMENT_DATABASE__CONNECTION';
const AZ1 = 'a1000000-0000-4000-8000-000000000001';
const AZ2 = 'a2000000-0000-4000-8000-000000000002';

/** docs/how-to/see-how-many-more-fit.md: every command of it, with what it prints; only the address of the service is ours. */
describe('the page on how many more fit', () => {
  const page = openPage('how-to/see-how-many-more-fit.md');
  let env: Record<string, string>;

  before(async () => {
    const connection = await createTestDatabase();
    const service = startProcess(['--port', '0'], { [CONNECTION]: connection });
    const listening = await service.listening();
    await makeCloud(listening.api);
    const folder = await temporaryFolder();
    const PATH = withPrograms(folder, {});
    env = { PATH, HOME: folder, OS_TOKEN: 'admin', CONTROLLER: listening.url, [CONNECTION]: connection };
  });
  after(cleanUp);

  async function makeCloud(api: Api): Promise<void> {
    const host = { VCPU: { total: 16 }, MEMORY_MB: { total: 65536 } };
    const large = { VCPU: { total: 32, max_unit: 4 }, MEMORY_MB: { total: 131072 } };
    for (const [name, inventories, aggregate] of [
      ['h1', host, AZ1],
      ['h2', host, AZ1],
      ['h3', host, AZ2],
      ['h4', large, AZ1],
    ] as const) {
      const uuid = await createProvider(api, name);
      await setInventories(api, uuid, inventories);
      const body = { aggregates: [aggregate], resource_provider_generation: await generationOf(api, uuid) };
      await api.put(`/resource_providers/${uuid}/aggregates`, body).expect(200);
      if (name === 'h1') await claim(api, { [uuid]: { VCPU: 12, MEMORY_MB: 49152 } }).expect(204);
      if (name === 'h3') await claim(api, { [uuid]: { VCPU: 4, MEMORY_MB: 57344 } }).expect(204);
    }
  }

  it('has commands', () => {
    assert.equal(page.commands.length, 5);
  });

  // The response that curl prints has no line feed at its end.
  it('shows what they print', () => page.run(env, (output) => output.trimEnd()));
});
