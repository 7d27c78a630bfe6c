import assert from 'node:assert/strict';
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { createTestDatabase, dropTestDatabase } from '../support/database.js';
import { cleanUp, ROOT, startProcess } from '../support/process.js';

/** The hostile suite for some seconds; `npm run attack -- --minutes 30` is the long form. */
describe('npm run attack', () => {
  let databaseUrl: string;
  let attack: ChildProcess | null = null;
  before(async () => {
    databaseUrl = await createTestDatabase();
  });
  after(async () => {
    attack?.kill();
    await cleanUp();
    await dropTestDatabase(databaseUrl);
  });

  it('leaves a service that serves as before, with nothing in the log that no code handles', async () => {
    const run = startProcess(['--port', '0'], {
      OS_PLACEMENT_DATABASE__CONNECTION: databaseUrl,
      STOCKROOM_LOG_LEVEL: 'warn',
    });
    const { url, api } = await run.listening();
    attack = spawn(
      process.execPath,
      ['--import', 'tsx', path.join(ROOT, 'test/attack/main.ts'), '--url', url, '--minutes', '0.12'],
      { cwd: ROOT, stdio: ['ignore', 'pipe', 'pipe'] },
    );
    let output = '';
    for (const stream of [attack.stdout, attack.stderr]) {
      stream?.on('data', (text: Buffer) => (output += text.toString()));
    }
    const [code] = (await once(attack, 'close')) as [number];
    assert.equal(code, 0, output);
    assert.match(output, /a request, then bytes that are none +\d+ .* requests/);
    assert.doesNotMatch(run.errors(), /was not handled by any code|request failed/);
    const { body } = await api.get('/resource_providers').expect(200);
    assert.deepEqual(body, { resource_providers: [] }, 'it has removed what it made');
    run.signal('SIGTERM');
    assert.equal(await run.ended(), 0);
  });
});
