import assert from 'node:assert/strict';
import net from 'node:net';
import { setTimeout } from 'node:timers/promises';
import { createTestDatabase, dropTestDatabase } from '../support/database.js';
import { startLoad } from '../support/load.js';
import { untilInFlight } from '../support/metrics.js';
import { cleanUp, startProcess, type RunningProcess } from '../support/process.js';
import { until } from '../support/until.js';
import { HEAD_WITHOUT_BODY } from '../support/raw-request.js';
import { assertWithin, patience } from '../support/patience.js';

for (const workers of ['1', '2']) {
  describe(`SIGTERM with workers = ${workers}`, () => {
    let databaseUrl: string;
    const start = async (env: Record<string, string> = {}) => {
      const run = startProcess(['--port', '0', '--workers', workers], {
        OS_PLACEMENT_DATABASE__CONNECTION: databaseUrl,
        ...env,
      });
      return { run, ...(await run.listening()) };
    };
    before(async () => {
      databaseUrl = await createTestDatabase();
    });
    after(async () => {
      for (const socket of sockets.splice(0)) socket.destroy();
      await cleanUp();
      await dropTestDatabase(databaseUrl);
    });

    it('under load responds to every request whose connection was accepted', async () => {
      const { run, url, api } = await start();
      const load = await startLoad(api, url);
      await load.more(200);
      const begin = performance.now();
      run.signal('SIGTERM');
      assert.equal(await run.ended(), 0);
      assertWithin(10_000, begin, 'nothing keeps it');
      await load.stop();
      assert.deepEqual(
        load.failures.filter((code) => code !== 'ECONNREFUSED'),
        [],
      );
      assert.deepEqual(load.wrong, []);
      await load.checkDatabase(databaseUrl);
    });

    it('ends in bounded time although a client never reads, another says nothing and a third never finishes', async () => {
      const { run, url } = await start({ OS_STOCKROOM__DRAIN_TIMEOUT: '2', OS_STOCKROOM__ADMIN_PORT: '0' });
      const deaf = connect(url).pause();
      for (let i = 0; i < 2000; i++) deaf.write('GET /traits HTTP/1.1\r\nhost: x\r\nx-auth-token: admin\r\n\r\n');
      connect(url);
      connect(url).write('PUT /traits HTTP/1.1\r\nhost: x\r\nx-auth-token: admin\r\ncontent-length: 9\r\n');
      connect(url).write(HEAD_WITHOUT_BODY);
      // The request whose body does not come keeps the process alive; the client that does not read has no part in that.
      await untilInFlight(run, 1);
      await run.logged(/"path":"\/traits"/);
      const begin = performance.now();
      run.signal('SIGTERM');
      assert.equal(await run.ended(), 0);
      const took = performance.now() - begin;
      assert.ok(took > 1500 && took < patience(8000), `${took} ms`);
    });

    // One process: stop.test.ts.
    if (workers === '1') return;

    it('is hurried by a second one', async () => {
      const { run, url } = await start({ OS_STOCKROOM__DRAIN_TIMEOUT: '3600', OS_STOCKROOM__ADMIN_PORT: '0' });
      connect(url).write(HEAD_WITHOUT_BODY);
      await untilInFlight(run, 1);
      run.signal('SIGTERM');
      await impatient(run);
    });

    it('goes on accepting for drain_delay, and asks clients to close their connections', async () => {
      const { run, api } = await start({ OS_STOCKROOM__DRAIN_DELAY: '3600' });
      const kept = await api.get('/resource_providers').set('connection', 'keep-alive').expect(200);
      assert.equal(kept.headers['connection'], 'keep-alive');
      run.signal('SIGTERM');
      await until('responses say so', async () => {
        const { headers } = await api.get('/resource_providers').set('connection', 'keep-alive').expect(200);
        return headers['connection'] === 'close';
      });
      for (let i = 0; i < 20; i++) await api.get('/resource_providers').expect(200);
      await impatient(run);
    });

    it('ends by itself after drain_delay', async () => {
      const { run } = await start({ OS_STOCKROOM__DRAIN_DELAY: '1' });
      const begin = performance.now();
      run.signal('SIGTERM');
      assert.equal(await run.ended(), 0);
      assert.ok(performance.now() - begin > 950);
    });
  });
}

/** Sends SIGTERM a second time: another signal counts when it comes a second after the first. */
async function impatient(run: RunningProcess): Promise<void> {
  await run.logged(/"finishing the requests that have begun"/);
  await setTimeout(1100);
  run.signal('SIGTERM');
  assert.equal(await run.ended(), 0);
}

const sockets: net.Socket[] = [];

/** A connection that its client keeps open until the tests end. */
function connect(url: string): net.Socket {
  const socket = net.connect(Number(new URL(url).port), '127.0.0.1');
  sockets.push(socket);
  socket.on('error', () => undefined);
  return socket;
}
