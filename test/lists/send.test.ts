import assert from 'node:assert/strict';
import { once } from 'node:events';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { send, SourceFailure } from '../../src/lists/s3/send.js';
import { startSwitcher } from '../support/raw-request.js';

describe('a request to a store whose body cannot be opened', () => {
  // A small body is opened at once, a large one when the store says `100 Continue`.
  for (const size of [10, 1_000_000]) {
    it(`of ${size} bytes fails, and the process lives`, async () => {
      const server = http.createServer((_, response) => response.end()).listen(0, '127.0.0.1');
      await once(server, 'listening');
      const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
      const open = (): never => {
        throw new Error('the file is gone');
      };
      const request = { method: 'PUT', url, headers: {}, body: { size, open }, maxBody: 100 } as const;
      const options = { ca: null, timeout: 60_000, signal: new AbortController().signal };
      await assert.rejects(send(request, options), (error: Error) => {
        assert.ok(error instanceof SourceFailure);
        assert.equal(error.message, 'the file is gone');
        return true;
      });
      server.closeAllConnections();
      server.close();
    });
  }
});

describe('a request to a store that changes the protocol', () => {
  it('fails: the connection ends without a response and without an error', async () => {
    const server = await startSwitcher();
    const options = { ca: null, timeout: 60_000, signal: new AbortController().signal };
    const request = { method: 'GET', url: server.url, headers: {}, maxBody: 100 } as const;
    await assert.rejects(send(request, options), /closed without a response/);
    server.close();
  });
});
