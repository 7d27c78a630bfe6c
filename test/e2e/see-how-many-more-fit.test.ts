import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { claim, generationOf } from '../support/claims.js';
import { createTestDatabase } from '../support/database.js';
import { cleanUp, ROOT, startProcess, temporaryFolder } from '../support/process.js';
import { createProvider, setInventories, type Api } from '../support/service.js';

const CONNECTION = 'OS_PLACEMENT_DATABASE__CONNECTION';
const AZ1 = 'a1000000-0000-4000-8000-000000000001';
const AZ2 = 'a2000000-0000-4000-8000-000000000002';

/** docs/how-to/see-how-many-more-fit.md: every command of it, with what it prints; only the address of the service is ours. */
describe('the page on how many more fit', () => {
  const page = readFileSync(path.join(ROOT, 'docs/how-to/see-how-many-more-fit.md'), 'utf8');
  const blocks = Array.from(page.matchAll(/^```console\n\$ (.+)\n([^]*?)^```$/gm), ([, command = '', output = '']) => {
    return { command, output };
  });
  let env: Record<string, string>;
  let url: string;

  before(async () => {
    const connection = await createTestDatabase();
    const service = startProcess(['--port', '0'], { [CONNECTION]: connection });
    const listening = await service.listening();
    ({ url } = listening);
    await makeCloud(listening.api);
    const folder = await temporaryFolder();
    mkdirSync(path.join(folder, 'bin'));
    const program = path.join(folder, 'bin/stockroom');
    writeFileSync(program, `#!/bin/sh\nexec "${process.execPath}" "${path.join(ROOT, 'dist/main.js')}" "$@"\n`);
    chmodSync(program, 0o755);
    const PATH = `${path.join(folder, 'bin')}:${process.env['PATH'] ?? ''}`;
    env = { PATH, HOME: folder, OS_TOKEN: 'admin', [CONNECTION]: connection };
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

  const printed = (command: string): Promise<string> =>
    new Promise((resolve, reject) => {
      const ours = command.replaceAll('http://controller:8778', url);
      execFile('/bin/sh', ['-c', ours], { env }, (error, stdout, stderr) => {
        // 1: nothing fits.
        if (error === null || error.code === 1) resolve(stdout);
        else reject(new Error(`${command}: ${stderr}`));
      });
    });

  it('has commands', () => {
    assert.equal(blocks.length, 5);
  });

  for (const { command, output } of blocks) {
    it(`shows what is printed: ${command.slice(0, 70)}`, async () => {
      assert.equal((await printed(command)).trimEnd(), output.trimEnd());
    });
  }
});
