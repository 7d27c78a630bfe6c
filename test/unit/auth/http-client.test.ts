import assert from 'node:assert/strict';
import { BrokenResponse, createHttpClient } from '../../../src/auth/keystone/http-client.js';
import { startSwitcher } from '../../support/raw-request.js';

describe('a request to a Keystone that changes the protocol', () => {
  it('fails: the connection ends without a response and without an error', async () => {
    const server = await startSwitcher();
    const tls = { cafile: null, certfile: null, keyfile: null, insecure: false };
    const client = createHttpClient({ tls, timeoutMs: 60_000, retries: 0 });
    await assert.rejects(client.request('GET', server.url, {}), BrokenResponse);
    client.close();
    server.close();
  });
});
