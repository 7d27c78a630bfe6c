import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import net from 'node:net';
import { createTestDatabase, dropTestDatabase } from '../support/database.js';
import { cleanUp, startProcess } from '../support/process.js';
import { until } from '../support/until.js';

/** More than the 511 of Node's default. */
const CLIENTS = 1500;

describe('very many clients that come at once', () => {
  let databaseUrl: string | undefined;
  before(async function () {
    const most = Number(readFileSync('/proc/sys/net/core/somaxconn', 'utf8'));
    if (most < CLIENTS) {
      this.test!.parent!.title += ` (net.core.somaxconn is ${most})`;
      this.skip();
    }
    databaseUrl = await createTestDatabase();
  });
  after(async () => {
    await cleanUp();
    if (databaseUrl !== undefined) await dropTestDatabase(databaseUrl);
  });

  it('are connected while the service is busy, and served then', async () => {
    const run = startProcess(['--port', '0'], { OS_PLACEMENT_DATABASE__CONNECTION: databaseUrl ?? '' });
    const { url } = await run.listening();
    run.signal('SIGSTOP');
    const port = Number(new URL(url).port);
    let [connected, served] = [0, 0];
    const errors: Error[] = [];
    const sockets = Array.from({ length: CLIENTS }, () => {
      const socket = net.connect(port, '127.0.0.1', () => connected++);
      socket.once('data', (bytes) => {
        if (bytes.toString('latin1').startsWith('HTTP/1.1 200')) served++;
      });
      socket.on('error', (error) => errors.push(error));
      socket.write('GET / HTTP/1.1\r\nhost: a\r\n\r\n');
      return socket;
    });
    try {
      await until('all are connected', () => errors.length > 0 || connected === CLIENTS);
      assert.deepEqual(errors, []);
      assert.equal(served, 0);
      run.signal('SIGCONT');
      await until('all are served', () => errors.length > 0 || served === CLIENTS);
      assert.deepEqual(errors, []);
    } finally {
      run.signal('SIGCONT');
      for (const socket of sockets) socket.destroy();
    }
    run.signal('SIGTERM');
    assert.equal(await run.ended(), 0);
  });
});
