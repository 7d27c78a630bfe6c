import assert from 'node:assert/strict';
import { claim } from '../support/claims.js';
import { createTestDatabase } from '../support/database.js';
import { cleanUp, runToEnd, startProcess } from '../support/process.js';
import { createProvider, setInventories } from '../support/service.js';

const CONNECTION = 'OS_PLACEMENT_DATABASE__CONNECTION';

describe('stockroom explain', () => {
  let connection: string;
  let url: string;
  const uuids: string[] = [];
  before(async () => {
    connection = await createTestDatabase();
    const run = startProcess(['--port', '0'], { [CONNECTION]: connection });
    const { url: at, api } = await run.listening();
    url = at;
    for (const [name, used] of [
      ['h1', 2],
      ['h2', 8],
      ['h3', 9],
    ] as const) {
      const uuid = await createProvider(api, name);
      uuids.push(uuid);
      await setInventories(api, uuid, { VCPU: { total: 10 } });
      await claim(api, { [uuid]: { VCPU: used } }).expect(204);
    }
  });
  after(cleanUp);

  const ask = (args: readonly string[], env: Record<string, string> = { [CONNECTION]: connection }) =>
    runToEnd(['explain', ...args], env);
  const TEXT =
    'Nothing fits: none of 3 trees. 3 would if they were empty.\n\n' +
    '  trees  that are left after\n      3  all\n      3  inventory\n      0  capacity\n\n' +
    '  fails  only  condition (a tree may fail several)\n' +
    '      3     3  VCPU:9                     the largest that a provider can give is 8\n\n' +
    'No tree meets: VCPU:9\n\n' +
    'One change would do:\n  VCPU:8 in place of VCPU:9           1 tree\n\n' +
    'Nearest:\n  h1  VCPU: asks 9, free 8 (capacity 10, used 2)\n  h2  VCPU: asks 9, free 2 (capacity 10, used 8)\n';

  it('reads the database of the configuration, or asks a service, and prints the same', async () => {
    assert.deepEqual(await ask(['resources=VCPU:9', '--show', '2']), { code: 1, output: TEXT, errors: '' });
    const asked = await ask(['resources=VCPU:9', '--show=2', '--url', url], { OS_TOKEN: 'admin' });
    assert.deepEqual(asked, { code: 1, output: TEXT, errors: '' });
    // As the log of requests has it.
    const logged = '/placement/allocation_candidates?limit=1000&resources=VCPU%3A9';
    assert.deepEqual(await ask([logged, '--version', '1.28', '--show', '2']), { code: 1, output: TEXT, errors: '' });
  });

  it('prints the response of the route as JSON, with the trees of providers first', async () => {
    const providers = [uuids[2]!, uuids[0]!].flatMap((uuid) => ['--provider', uuid]);
    const { code, output } = await ask(['resources=VCPU:8', '--json', '--show', '0', ...providers]);
    const { outcome, nearest } = JSON.parse(output) as { outcome: string; nearest: { root: { name: string } }[] };
    assert.deepEqual([code, outcome, nearest.map(({ root }) => root.name)], [0, 'some', ['h3', 'h1']]);
  });

  it('says by its exit code that it was rejected, or that it could not ask', async () => {
    const unknown = await ask(['resources=CUSTOM_NOTHING:1']);
    assert.deepEqual([unknown.code, unknown.output], [2, '']);
    assert.match(unknown.errors, /CUSTOM_NOTHING/);
    assert.equal((await ask([])).code, 2);
    const rejected = await ask(['resources=VCPU:1', '--url', url], { OS_TOKEN: 'user:project' });
    assert.deepEqual([rejected.code, /stockroom:explain/.test(rejected.errors)], [2, true]);
    const away = await ask(['resources=VCPU:1', '--url', 'http://127.0.0.1:1'], { OS_TOKEN: 'admin' });
    assert.deepEqual([away.code, /cannot be reached/.test(away.errors)], [3, true]);
  });
});
