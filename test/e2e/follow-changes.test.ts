import assert from 'node:assert/strict';
import type { Change } from '../../src/history/model.js';
import { generationOf } from '../support/claims.js';
import { createTestDatabase } from '../support/database.js';
import { historyNow } from '../support/history.js';
import { cleanUp, runToEnd, startProcess, temporaryFolder } from '../support/process.js';
import { openPage, withPrograms } from '../support/run-page.js';
import { createProvider, setInventories } from '../support/service.js';

const CONNECTION = 'OS_PLACEMENT_DATABASE__CONNECTION';

/** docs/how-to/follow-changes.md: every command of it, with what it prints; times and ids of requests are ours. */
describe('the page on following changes', () => {
  const page = openPage('how-to/follow-changes.md');
  let env: Record<string, string>;
  let url: string;

  before(async () => {
    const connection = await createTestDatabase();
    const service = startProcess(['--port', '0'], { [CONNECTION]: connection });
    const listening = await service.listening();
    ({ url } = listening);
    const { api } = listening;
    await historyNow(api);
    const host = await createProvider(api, 'h1');
    await setInventories(api, host, { VCPU: { total: 16 } });
    await setInventories(api, host, { VCPU: { total: 32 } });
    const body = { traits: ['HW_CPU_X86_AVX'], resource_provider_generation: await generationOf(api, host) };
    await api.put(`/resource_providers/${host}/traits`, body).expect(200);
    const folder = await temporaryFolder();
    env = { PATH: withPrograms(folder, {}), HOME: folder, OS_TOKEN: 'admin', [CONNECTION]: connection };
  });
  after(cleanUp);

  const masked = (text: string): string =>
    text.replaceAll(/\d{4}-\d\d-\d\d \d\d:\d\d:\d\d/g, 'TIME').replaceAll(/req-[\da-f-]{36}/g, 'REQUEST');

  it('has commands', () => {
    assert.equal(page.commands.length, 3);
  });

  it('shows what they print', () => page.run(env, masked));

  it('is true of a service that is asked, too', async () => {
    const args = ['changes', '--provider', 'h1', '--json'];
    const [here, there] = [await runToEnd(args, env), await runToEnd([...args, '--url', url], env)];
    assert.equal(here.code, 0);
    assert.equal(there.output, here.output);
    const kinds = here.output
      .trim()
      .split('\n')
      .map((line) => (JSON.parse(line) as Change).kind);
    assert.deepEqual(kinds, ['provider', 'inventory', 'inventory', 'traits']);
  });

  it('ends with 4 for a cursor that is not kept, and says what to do', async () => {
    const { code, errors } = await runToEnd(['changes', '--since', '1.1.0'], env);
    assert.equal(code, 4);
    assert.match(errors, /Read the present state again/);
  });

  it('says that nothing is recorded when it is switched off', async () => {
    assert.equal((await runToEnd(['history', 'disable'], env)).code, 0);
    assert.equal((await runToEnd(['history', 'status'], env)).code, 1);
    assert.match((await runToEnd(['changes'], env)).errors, /stockroom history enable/);
    assert.equal((await runToEnd(['history', 'enable'], env)).code, 0);
    assert.equal((await runToEnd(['history', 'enable'], env)).code, 1);
  });
});
