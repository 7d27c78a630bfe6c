import assert from 'node:assert/strict';
import { once } from 'node:events';
import net, { type AddressInfo } from 'node:net';
import { BrokenAnswer, createHttpClient } from '../../../src/auth/keystone/http-client.js';

describe('a request to a Keystone that changes the protocol', () => {
  it('fails: the connection ends without a response and without an error', async () => {
    const server = net.createServer((socket) => {
      socket.on('error', () => undefined);
      socket.once('data', () =>
        socket.write('HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: x\r\n\r\n'),
      );
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const tls = { cafile: null, certfile: null, keyfile: null, insecure: false };
    const client = createHttpClient({ tls, timeoutMs: 60_000, retries: 0 });
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
    await assert.rejects(client.request('GET', url, {}), BrokenAnswer);
    client.close();
    server.close();
  });
});
