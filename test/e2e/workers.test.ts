import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { createTestDatabase, dropTestDatabase } from '../support/database.js';
import { startLoad } from '../support/load.js';
import { patience } from '../support/patience.js';
import { parseMetrics } from '../support/metrics.js';
import {
  cleanUp,
  killThose,
  runToEnd,
  startProcess,
  temporaryFolder,
  untilServed,
  type RunningProcess,
} from '../support/process.js';
import { createProvider, type Api } from '../support/service.js';
import { until } from '../support/until.js';
import { sendElsewhere } from '../support/raw-request.js';

describe('several workers', () => {
  let databaseUrl: string;
  const start = (args: string[], env: Record<string, string> = {}) =>
    startProcess(['--port', '0', ...args], { OS_PLACEMENT_DATABASE__CONNECTION: databaseUrl, ...env });
  let run: RunningProcess;
  let url: string;
  let api: Api;
  before(async () => {
    databaseUrl = await createTestDatabase();
    run = start(['--workers', '2', '--admin-port', '0']);
    ({ url, api } = await run.listening());
  });
  after(async () => {
    await cleanUp();
    await dropTestDatabase(databaseUrl);
  });

  const adminUrl = async (): Promise<string> =>
    (await run.printed(/Health and metrics: (http:\S+)\/metrics\n/))[1] ?? '';
  const bothReady = async (admin: string): Promise<boolean> => {
    const { text } = await sendElsewhere(admin, { path: '/readyz' });
    return isDeepStrictEqual((JSON.parse(text) as { workers: unknown }).workers, { ready: 2, of: 2 });
  };

  it('share one port, respond in turn, and greet once', async () => {
    assert.equal(run.workers().length, 2);
    for (let i = 0; i < 4; i++) await api.get('/resource_providers').expect(200);
    for (const worker of [1, 2]) await run.logged(new RegExp(`"worker":${worker},.*"msg":"request"`));
    assert.equal(run.output().match(/listens on/g)?.length, 1);
    assert.match(run.output(), /^Workers: 2$/m);
  });

  it('are none when there is one: the process serves itself', async () => {
    const single = start([]);
    await single.listening();
    assert.deepEqual(single.workers(), []);
    single.signal('SIGTERM');
    assert.equal(await single.ended(), 0);
  });

  it('are not told by a supervisor that signals every process: the first process says what is to be done', async () => {
    const workers = run.workers();
    for (const pid of workers) process.kill(pid, 'SIGTERM');
    for (let i = 0; i < 4; i++) await api.get('/').expect(200);
    assert.deepEqual(run.workers(), workers);
  });

  it('are replaced when they are killed under load; only requests of the dead one fail', async () => {
    const load = await startLoad(api, url);
    await load.more(200);
    const [victim = 0, other = 0] = run.workers();
    process.kill(victim, 'SIGKILL');
    await run.logged(new RegExp(`"pid":${victim},"how":"SIGKILL","msg":"a worker died; another takes its place"`));
    await until('the replacement', () => run.workers().length === 2);
    await load.more(400);
    await load.stop();
    assert.ok(run.workers().includes(other));
    assert.ok(
      load.failures.every((code) => code === 'ECONNRESET' || code === 'EPIPE'),
      load.failures.join(),
    );
    assert.ok(load.failures.length <= 6, `each client has one connection: ${load.failures.join()}`);
    assert.deepEqual(load.wrong, []);
    await load.checkDatabase(databaseUrl);
  });

  it('keep the connections that wait when all of them are killed', async () => {
    killThose(run.workers());
    for (let i = 0; i < 3; i++) await untilServed(api);
    assert.equal((await run.printed(/listens on (http:\S+)/))[1], url);
  });

  it('hand a connection on that was on its way to one that died', async () => {
    // The workers of the test before may still start.
    await until('both are ready', async () => bothReady(await adminUrl()));
    const [stuck = 0] = run.workers();
    process.kill(stuck, 'SIGSTOP');
    let served = 0;
    const ask = async (): Promise<string> => {
      const response = await askRoot(url);
      served++;
      return response;
    };
    const responses = Promise.all(Array.from({ length: 4 }, ask));
    // One connection is on its way to the worker that is stuck, which gets no other meanwhile.
    await until('the other worker serves the rest', () => served === 3);
    process.kill(stuck, 'SIGKILL');
    for (const response of await responses) assert.match(response, /^HTTP\/1\.1 200 OK/);
  });

  it('see at once what another process has written', async () => {
    const other = start([]);
    const [many, one] = [{ api }, await other.listening()];
    const uuid = await createProvider(one.api, 'back-and-forth');
    for (let generation = 0; generation < 300; generation++) {
      const [writer, reader] = generation % 2 === 0 ? [one, many] : [many, one];
      await writer.api
        .put(`/resource_providers/${uuid}/inventories`, {
          resource_provider_generation: generation,
          inventories: { VCPU: { total: generation + 1 } },
        })
        .expect(200);
      const { body } = await reader.api.get(`/resource_providers/${uuid}/inventories`).expect(200);
      assert.equal(body.resource_provider_generation, generation + 1);
      assert.equal(body.inventories.VCPU.total, generation + 1);
    }
    other.signal('SIGTERM');
    assert.equal(await other.ended(), 0);
  });

  it('are shown together on the admin listener, and what a dead one has counted stays', async () => {
    const admin = await adminUrl();
    const metrics = async () => parseMetrics((await sendElsewhere(admin, { path: '/metrics' })).text).value;
    const counted = async (): Promise<number> =>
      (await metrics())('stockroom_http_request_duration_seconds_count{method="GET",route="/traits",status="200"}') ??
      0;
    // Those of the tests before may still start.
    await until('both are ready', () => bothReady(admin));
    assert.equal((await sendElsewhere(admin, { path: '/readyz' })).status, 200);
    for (let i = 0; i < 6; i++) await api.get('/traits').expect(200);
    await until('six are counted', async () => (await counted()) === 6);
    const deaths = (await metrics())('stockroom_worker_deaths_total') ?? 0;
    const [victim = 0] = run.workers();
    process.kill(victim, 'SIGKILL');
    await until('the death is counted', async () => (await metrics())('stockroom_worker_deaths_total') === deaths + 1);
    await until('six are counted', async () => (await counted()) === 6);
    await until('there are two again', async () => (await metrics())('stockroom_workers') === 2);
    for (let i = 0; i < 2; i++) await api.get('/traits').expect(200);
    await until('eight are counted', async () => (await counted()) === 8);
    const before = run.workers();
    run.signal('SIGHUP');
    await until('both are replaced', () => {
      const now = run.workers();
      return now.length === 2 && !now.some((pid) => before.includes(pid));
    });
    await run.logged(/read again and is in force"/);
    await until('eight are counted', async () => (await counted()) === 8);
    await until('both are ready again', () => bothReady(admin));
  });

  it('end with the process that started them, however that ends', async () => {
    const workers = run.workers();
    run.signal('SIGKILL');
    await run.ended();
    await until('the end of the workers', () => workers.every((pid) => !isAlive(pid)));
  });

  it('that die at each start are given up, with a message', async () => {
    const folder = await temporaryFolder();
    const dying = path.join(folder, 'dying.mjs');
    writeFileSync(dying, "if (process.argv[1]?.endsWith('worker.js')) process.exit(3);\n");
    const { code, errors } = await runToEnd(['--port', '0', '--workers', '2'], {
      OS_PLACEMENT_DATABASE__CONNECTION: databaseUrl,
      NODE_OPTIONS: `--import=${dying}`,
    });
    assert.equal(code, 1);
    assert.match(errors, /^The workers do not start; given up\. It ended with exit code 3 before it was ready\.$/m);
  });

  it('that cannot use their configuration are given up at once', async () => {
    const folder = await temporaryFolder();
    const policy = path.join(folder, 'policy.yaml');
    writeFileSync(policy, 'a: [b\n');
    const { code, errors } = await runToEnd(['--port', '0', '--workers', '2'], {
      OS_PLACEMENT_DATABASE__CONNECTION: databaseUrl,
      OS_OSLO_POLICY__POLICY_FILE: policy,
    });
    assert.equal(code, 1);
    assert.match(errors, /^The workers do not start; given up\. .*policy\.yaml/m);
  });
});

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

function askRoot(url: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = net.connect(Number(new URL(url).port), '127.0.0.1');
    let text = '';
    socket.write('GET / HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n');
    socket.on('data', (bytes) => (text += bytes.toString()));
    socket.on('end', () => {
      resolve(text);
    });
    socket.on('error', reject);
    socket.setTimeout(patience(10_000), () => socket.destroy(new Error(`no response in ${patience(10)} s`)));
  });
}
