import assert from 'node:assert/strict';
import { claim } from '../support/claims.js';
import { createTestDatabase } from '../support/database.js';
import { cleanUp, runToEnd, startProcess, type RunningProcess } from '../support/process.js';
import { createProvider, setInventories } from '../support/service.js';

const CONNECTION = 'OS_PLACEMENT_DATABASE__CONNECTION';

describe('stockroom capacity', () => {
  let connection: string;
  let run: RunningProcess;
  let url: string;
  before(async () => {
    connection = await createTestDatabase();
    run = startProcess(['--port', '0'], { [CONNECTION]: connection });
    const { url: at, api } = await run.listening();
    url = at;
    for (const name of ['h1', 'h2']) {
      const uuid = await createProvider(api, name);
      await setInventories(api, uuid, { VCPU: { total: 10 }, MEMORY_MB: { total: 4096 } });
      if (name === 'h2') await claim(api, { [uuid]: { VCPU: 8 } }).expect(204);
    }
  });
  after(cleanUp);

  const ask = (args: readonly string[], env: Record<string, string> = { [CONNECTION]: connection }) =>
    runToEnd(['capacity', ...args], env);
  const TEXT =
    '5 more fit, on 2 of 2 trees.   (6 if all room were in one place)\n\n' +
    '  limited by     trees\n  VCPU               1\n  MEMORY_MB          1\n\n' +
    '  tree    fit  limited by\n  h1        4  MEMORY_MB\n  h2        1  VCPU\n';

  it('reads the database of the configuration, or asks a service, and prints the same', async () => {
    const query = 'resources=VCPU:2,MEMORY_MB:1024';
    assert.deepEqual(await ask([query]), { code: 0, output: TEXT, errors: '' });
    assert.deepEqual(await ask([query, '--url', url], { OS_TOKEN: 'admin' }), { code: 0, output: TEXT, errors: '' });
    // As the log of requests has it.
    const logged = await ask([`/placement/allocation_candidates?limit=1000&${query}`, '--version', '1.28']);
    assert.deepEqual(logged, { code: 0, output: TEXT, errors: '' });
  });

  it('prints the response of the route as JSON', async () => {
    const { code, output } = await ask(['resources=VCPU:2', '--json', '--show', '1']);
    const document = JSON.parse(output) as { count: object; by_tree: unknown[]; version: string };
    assert.deepEqual([code, document.version], [0, '1.39']);
    assert.deepEqual([document.count, document.by_tree.length], [{ at_least: 6, at_most: 6 }, 1]);
  });

  it('says by its exit code that none fits, that it was rejected, or that it could not ask', async () => {
    const none = await ask(['resources=VCPU:11']);
    assert.deepEqual([none.code, none.output], [1, 'None more fit, on 0 of 2 trees.\n']);
    const unknown = await ask(['resources=CUSTOM_NOTHING:1']);
    assert.deepEqual([unknown.code, unknown.output], [2, '']);
    assert.match(unknown.errors, /CUSTOM_NOTHING/);
    const old = await ask(['resources=VCPU:1', '--version', '1.9']);
    assert.deepEqual([old.code, /version 1\.10 or later/.test(old.errors)], [2, true]);
    assert.equal((await ask(['resources=VCPU:1', '--by', 'host'])).code, 2);
    assert.equal((await ask([])).code, 2);
    const rejected = await ask(['resources=VCPU:1', '--url', url], { OS_TOKEN: 'user:project' });
    assert.deepEqual([rejected.code, /stockroom:capacity/.test(rejected.errors)], [2, true]);
    const away = await ask(['resources=VCPU:1', '--url', 'http://127.0.0.1:1'], { OS_TOKEN: 'admin' });
    assert.deepEqual([away.code, /cannot be reached/.test(away.errors)], [3, true]);
    const noDatabase = await ask(['resources=VCPU:1'], { [CONNECTION]: 'postgresql://127.0.0.1:1/none' });
    assert.equal(noDatabase.code, 3);
  });
});
