import assert from 'node:assert/strict';
import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { createTestDatabase, dropTestDatabase } from '../support/database.js';
import { startLoad } from '../support/load.js';
import { cleanUp, ROOT, startProcess, temporaryFolder, type RunningProcess } from '../support/process.js';
import { patience } from '../support/patience.js';
import { freePorts } from '../support/free-ports.js';
import { apiAt, type Api } from '../support/service.js';
import { until } from '../support/until.js';

const PAGE = path.join(ROOT, 'docs/how-to/run-several-processes.md');
/** As a developer's machine need not have it; .ci/run installs it. */
const PROGRAM = ['haproxy', '/usr/sbin/haproxy'].find((name) => spawnSync(name, ['-v']).status === 0);
const WITHOUT = PROGRAM === undefined ? ' (haproxy is not installed here: apt-get install haproxy)' : '';

describe(`two hosts behind HAProxy, as the page configures it${WITHOUT}`, () => {
  let databaseUrl: string;
  let runs: RunningProcess[];
  let proxy: ChildProcess | undefined;
  let url: string;
  let api: Api;
  before(async function () {
    if (PROGRAM === undefined) this.skip();
    databaseUrl = await createTestDatabase();
    const env = { OS_PLACEMENT_DATABASE__CONNECTION: databaseUrl, OS_STOCKROOM__DRAIN_DELAY: '2' };
    // Not a port that the system gives to connections: the second host is started on it again.
    const second = String(await freePorts(1));
    runs = [startProcess(['--port', '0', '--workers', '2'], env), startProcess(['--port', second], env)];
    const [one, two] = await Promise.all(runs.map(async (run) => new URL((await run.listening()).url).host));
    const port = await freePorts(1);
    const [, page = ''] = /```haproxy\n([^]*?)```/.exec(readFileSync(PAGE, 'utf8')) ?? [];
    const config = page
      // On a slow machine a check is slow, which is no reason to take a host out.
      .replace('timeout check 2s', `timeout check ${patience(10)}s`)
      .replace('bind :8778', `bind 127.0.0.1:${port}`)
      .replace('192.0.2.1:8779', one ?? '')
      .replace('192.0.2.2:8779', two ?? '');
    const file = path.join(await temporaryFolder(), 'haproxy.cfg');
    writeFileSync(file, config);
    proxy = spawn(PROGRAM, ['-db', '-f', file], { stdio: 'ignore' });
    url = `http://127.0.0.1:${port}`;
    api = apiAt(url);
    await until('HAProxy responds', () =>
      api.get('/readyz').then(
        ({ status }) => status === 200,
        () => false,
      ),
    );
  });
  after(async () => {
    if (PROGRAM === undefined) return;
    if (proxy !== undefined) {
      const ended = once(proxy, 'exit');
      if (proxy.kill('SIGKILL')) await ended;
    }
    await cleanUp();
    await dropTestDatabase(databaseUrl);
  });

  it('one of them told to end under load: no request fails', async () => {
    const load = await startLoad(api, url);
    await load.more(200);
    runs[1]!.signal('SIGTERM');
    assert.equal(await runs[1]!.ended(), 0);
    await load.more(100);
    await load.stop();
    assert.deepEqual(load.failures, []);
    assert.deepEqual(load.wrong, []);
    await load.checkDatabase(databaseUrl);
  });

  it('one of them killed under load: its requests fail, nothing that was acknowledged is lost or wrong', async () => {
    const { port } = new URL((await runs[1]!.printed(/listens on (http:\S+)/))[1] ?? '');
    runs[1] = startProcess(['--port', port], { OS_PLACEMENT_DATABASE__CONNECTION: databaseUrl });
    await runs[1].listening();
    await runs[1].logged(/"path":"\/readyz"|"msg":"topology: loaded"/);
    const load = await startLoad(api, url);
    const asked = (): boolean => /"msg":"request"/.test(runs[1]!.errors());
    await load.more(200);
    await until('a request to the second host', asked);
    runs[1].signal('SIGKILL');
    await runs[1].ended();
    await load.more(300);
    await load.stop();
    // HAProxy responds in place of a server that has died: 502 for what was sent, 503 for what could not be.
    const strange = load.wrong.filter((one) => !/: 50[23] <html>/.test(one));
    assert.deepEqual(strange, []);
    assert.ok(load.wrong.length + load.failures.length <= 12, [...load.wrong, ...load.failures].join('\n'));
    await load.checkDatabase(databaseUrl);
    for (let i = 0; i < 10; i++) await api.get('/resource_providers').expect(200);
  });
});
