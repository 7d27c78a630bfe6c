import assert from 'node:assert/strict';
import { existsSync, readdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { createTestDatabase, dropTestDatabase } from '../support/database.js';
import { duckdb } from '../support/duckdb.js';
import { cleanUp, runToEnd, startProcess, temporaryFolder } from '../support/process.js';
import { createProvider, setInventories } from '../support/service.js';

describe('stockroom lists', function () {
  // Each command is a process, and a busy machine starts one in seconds.
  let databaseUrl: string;
  let folder: string;
  let env: Record<string, string>;
  before(async () => {
    databaseUrl = await createTestDatabase();
    folder = await temporaryFolder();
    env = {
      OS_PLACEMENT_DATABASE__CONNECTION: databaseUrl,
      OS_STOCKROOM__LISTS_DIR: path.join(folder, 'lists'),
      OS_STOCKROOM__LISTS_SPOOL: path.join(folder, 'spool'),
    };
  });
  after(async () => {
    await cleanUp();
    await dropTestDatabase(databaseUrl);
  });
  const lists = (...words: string[]) => runToEnd(['lists', ...words], env);

  it('sets, lists, shows and deletes jobs in the database', async () => {
    assert.match((await lists()).output, /^There are no inventory jobs\./);
    const set = await lists(
      'set',
      'nightly',
      '--weekly',
      'monday',
      '03:00',
      '--format',
      'parquet',
      '--keep',
      '30',
      '--filter',
      'cell1-',
      '--fields',
      'Used,Total',
    );
    assert.equal(set.code, 0, set.errors);
    assert.match(set.output, /^Set nightly: due at .*T03:00:00Z\.$/m);
    const shown = JSON.parse((await lists('show', 'nightly')).output) as Record<string, unknown>;
    assert.deepEqual(shown['schedule'], { frequency: 'weekly', at: '03:00', day: 'monday' });
    assert.deepEqual(
      [shown['filter'], shown['keep_days'], shown['optional_fields']],
      [{ prefix: 'cell1-' }, 30, ['Total', 'Used']],
    );
    const file = path.join(folder, 'job.json');
    writeFileSync(
      file,
      JSON.stringify({ enabled: false, schedule: { frequency: 'daily', at: '01:15' }, destination: {} }),
    );
    assert.match((await lists('set', 'other', '--file', file)).output, /^Set other: disabled\.$/m);
    const table = (await lists()).output;
    assert.match(table, /^ID +SCHEDULE +BUCKET +FORMAT +NEXT +LAST RUN$/m);
    assert.match(table, /^nightly +weekly monday 03:00 +local +parquet +\S+T03:00:00Z +queued \S+$/m);
    assert.match(table, /^other +daily 01:15 +local +csv +disabled +none$/m);
    for (const line of table.split('\n')) assert.ok(line.length <= 100, line);
    assert.match((await lists('cancel', 'nightly')).output, /^Run \d+ of nightly: cancelled\.$/m);
    assert.equal((await lists('cancel', 'nightly')).code, 1);
    assert.match((await lists('runs', 'nightly')).output, /^\d+ +cancelled +first /m);
    assert.equal((await lists('delete', 'other')).code, 0);
    const gone = await lists('show', 'other');
    assert.deepEqual([gone.code, gone.errors], [1, 'There is no inventory job called other.\n']);
  });

  it('ends with 2 for what makes no sense', async () => {
    for (const words of [
      ['set'],
      ['set', 'a', '--daily', '25:00'],
      ['set', 'a', '--daily', '02:00', '--weekly', 'monday'],
      ['set', 'a', '--keep', 'x'],
      ['set', 'a', '--bucket', 'elsewhere'],
      ['set', 'now'],
      ['show'],
      ['show', 'a', 'b'],
      ['show', 'a', '--wait'],
      ['show', 'a', '--url', 'nowhere'],
      ['show', 'a', '--url', 'http://127.0.0.1:1'],
    ]) {
      const { code, errors } = await lists(...words);
      assert.equal(code, 2, `${words.join(' ')}: ${errors}`);
      assert.ok(!errors.includes('    at '), errors);
    }
  });

  it('ends with 3 when neither the service nor the database can be asked', async () => {
    const away = await runToEnd(['lists', 'show', 'a', '--url', 'http://127.0.0.1:1'], { ...env, OS_TOKEN: 'admin' });
    assert.equal(away.code, 3);
    assert.match(away.errors, /^The service at http:\/\/127\.0\.0\.1:1 cannot be reached: /);
    const without = await runToEnd(['lists'], {
      ...env,
      OS_PLACEMENT_DATABASE__CONNECTION: 'postgresql://u:p@127.0.0.1:1/x',
    });
    assert.equal(without.code, 3);
  });

  it('asks a service, whose runs another process does: lists work', async () => {
    const service = startProcess(['--port', '0'], { ...env, OS_STOCKROOM__LISTS_WORKER: 'false' });
    const { url, api } = await service.listening();
    const worker = startProcess(['lists', 'work'], env);
    await worker.printed(/Doing the runs/);
    const remote = (...words: string[]) => runToEnd(['lists', ...words, '--url', url], { ...env, OS_TOKEN: 'admin' });
    assert.match((await remote('set', 'far', '--disabled')).output, /^Set far: disabled\.$/m);
    const run = await remote('run', 'far', '--wait');
    assert.equal(run.code, 0, run.errors);
    assert.match(
      run.output,
      /^Run \d+ of far succeeded: 0 rows, 0 parts, 0 bytes\.\nlocal: placement\/far\/\S+Z\/manifest\.json$/m,
    );
    await worker.logged(/lists run \d+ of far succeeded: 0 rows, 0 parts, 0 bytes, reading /);
    assert.ok(existsSync(path.join(folder, 'lists', 'placement', 'far')));
    assert.deepEqual(readdirSync(path.join(folder, 'spool')), []);
    const empty = await remote('show', 'far', '--sql');
    assert.deepEqual([empty.code, empty.errors], [1, 'The newest list of far is empty: it has no files.\n']);
    await setInventories(api, await createProvider(api, 'a "host", \r\n of many'), { VCPU: { total: 8 } });
    for (const format of ['csv', 'parquet']) {
      await remote('set', 'far', '--disabled', '--format', format, '--fields', 'ParentUuid,ProviderName,Total,Traits');
      assert.equal((await remote('run', 'far', '--wait')).code, 0);
      const { output } = await runToEnd(['lists', 'show', 'far', '--sql', '--url', url], { ...env, OS_TOKEN: 'admin' });
      const [{ Key: key, ...row } = { Key: null }] = await duckdb(output);
      assert.equal(key === 'a "host", \r\n of many/VCPU', format === 'parquet');
      assert.deepEqual(row, {
        Bucket: 'placement',
        ProviderName: 'a "host", \r\n of many',
        ParentUuid: null,
        Total: 8,
        Traits: '',
      });
    }
    await remote('set', 'far', '--disabled');
    assert.match((await remote('show', 'far', '--sql')).output, /^-- The job was set again after this list was begun/);
    assert.equal((await remote('delete', 'far', '--with-lists')).code, 0);
    assert.equal((await remote('show', 'far')).code, 1);
    worker.signal('SIGTERM');
    assert.equal(await worker.ended(), 0);
    service.signal('SIGTERM');
    await service.ended();
  });
});
