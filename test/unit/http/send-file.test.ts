import assert from 'node:assert/strict';
import { once } from 'node:events';
import fs from 'node:fs';
import net, { type AddressInfo } from 'node:net';
import os from 'node:os';
import path from 'node:path';
import express from 'express';
import { beginExchange, type Sent } from '../../../src/http/exchange.js';
import { sendFile } from '../../../src/http/respond.js';
import { createServer } from '../../../src/http/server.js';
import { until } from '../../support/until.js';

/** More than the system buffers for a client that reads nothing. */
const BYTES = 64 * 1024 * 1024;

describe('sending a file', () => {
  it('closes the file when the client reads nothing', async () => {
    const folder = fs.realpathSync(fs.mkdtempSync(path.join(os.tmpdir(), 'stockroom-send-file-')));
    const file = path.join(folder, 'part.csv.gz');
    fs.closeSync(fs.openSync(file, 'w'));
    fs.truncateSync(file, BYTES);
    const sent: Promise<Sent>[] = [];
    const app = express().get('/', ({ headers }, res) => {
      const exchange = beginExchange(headers, () => undefined, { cors: null, proxyHeaders: false });
      sent.push(sendFile(res, exchange, { path: file, contentType: 'application/gzip', etag: '"1"' }, 300));
    });
    const server = createServer(app).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const client = net.connect((server.address() as AddressInfo).port, '127.0.0.1');
    try {
      client.pause().on('error', () => undefined);
      client.write('GET / HTTP/1.1\r\nhost: a\r\n\r\n');
      await until('the file open', () => isOpen(file));
      await until('the file closed', () => !isOpen(file));
      assert.equal((await sent[0])?.status, 200);
    } finally {
      client.destroy();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      fs.rmSync(folder, { recursive: true });
    }
  });
});

function isOpen(file: string): boolean {
  return fs.readdirSync('/proc/self/fd').some((descriptor) => {
    try {
      return fs.readlinkSync(`/proc/self/fd/${descriptor}`) === file;
    } catch {
      // The descriptor of readdir itself has gone.
      return false;
    }
  });
}
