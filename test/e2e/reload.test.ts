import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { createTestDatabase, dropTestDatabase } from '../support/database.js';
import { startLoad } from '../support/load.js';
import { cleanUp, startProcess, temporaryFolder, type RunningProcess } from '../support/process.js';
import type { Api } from '../support/service.js';
import { until } from '../support/until.js';

for (const workers of [1, 2]) {
  describe(`SIGHUP with ${workers === 1 ? 'one process' : `${workers} workers`}`, () => {
    let databaseUrl: string;
    let file: string;
    let run: RunningProcess;
    let url: string;
    let api: Api;
    const configure = (more: string): void => {
      writeFileSync(file, `[placement_database]\nconnection = ${databaseUrl}\n${more}`);
    };
    /** Pages of the origin that the configuration lets in. */
    const letsIn = async (origin: string): Promise<boolean> => {
      const { headers } = await api.request('get', '/').set('origin', origin);
      return headers['access-control-allow-origin'] === origin;
    };
    const reload = async (outcome: RegExp): Promise<void> => {
      const { length } = run.errors();
      run.signal('SIGHUP');
      await until(String(outcome), () => outcome.test(run.errors().slice(length)), 30_000);
    };
    before(async () => {
      databaseUrl = await createTestDatabase();
      file = path.join(await temporaryFolder(), 'placement.conf');
      configure('[cors]\nallowed_origin = http://first.example\n');
      run = startProcess(['--port', '0', '--workers', String(workers), '--config-file', file]);
      ({ url, api } = await run.listening());
    });
    after(async () => {
      await cleanUp();
      await dropTestDatabase(databaseUrl);
    });

    it('puts another configuration in force under load, and no request is lost', async () => {
      assert.ok(await letsIn('http://first.example'));
      const before = run.workers();
      const load = await startLoad(api, url);
      await load.more(100);
      configure('[cors]\nallowed_origin = http://second.example\n');
      await reload(/read again and is in force"/);
      await load.more(100);
      await load.stop();
      assert.deepEqual(load.failures, []);
      assert.deepEqual(load.wrong, []);
      await load.checkDatabase(databaseUrl);
      for (let i = 0; i < 4; i++) {
        assert.ok(await letsIn('http://second.example'));
        assert.ok(!(await letsIn('http://first.example')));
      }
      const after = run.workers();
      assert.equal(after.length, before.length);
      assert.ok(!after.some((pid) => before.includes(pid)), 'every worker is another one');
    });

    it('leaves everything as it was when the file cannot be used, and says why', async () => {
      configure('[cors]\nallowed_origin = not an origin\n');
      await reload(
        /allowed_origin of \[cors\]: expected .*"the configuration cannot be used; the old one stays in force"/,
      );
      for (let i = 0; i < 2; i++) assert.ok(await letsIn('http://second.example'));
    });

    it('leaves everything as it was when the policy cannot be used', async () => {
      const workersBefore = run.workers();
      writeFileSync(path.join(path.dirname(file), 'broken.yaml'), 'a: [b\n');
      configure('[cors]\nallowed_origin = http://third.example\n[oslo_policy]\npolicy_file = broken.yaml\n');
      await reload(/broken\.yaml.*"the configuration cannot be used; the old one stays in force"/);
      for (let i = 0; i < 2; i++) assert.ok(await letsIn('http://second.example'));
      assert.deepEqual(run.workers(), workersBefore);
    });

    it('says which options need a restart, and puts the others in force', async () => {
      configure('[stockroom]\nhost = 127.0.0.2\n[cors]\nallowed_origin = http://fourth.example\n');
      await reload(/read again and is in force"/);
      await run.logged(/"options":\["host"\],"msg":"these options have changed and need a restart"/);
      assert.ok(await letsIn('http://fourth.example'));
      run.signal('SIGTERM');
      assert.equal(await run.ended(), 0);
    });
  });
}
