import assert from 'node:assert/strict';
import { once } from 'node:events';
import http, { type IncomingMessage, type ServerResponse } from 'node:http';
import net, { type AddressInfo } from 'node:net';
import { holdResponse } from '../../../src/http/client-memory.js';
import { createMemoryBudget } from '../../../src/http/memory-budget.js';

const BYTES = 100_000;

describe('the memory of responses', () => {
  let server: http.Server;

  beforeEach(async () => {
    server = http.createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
  });
  afterEach(() => {
    server.closeAllConnections();
    server.close();
  });

  /** A request of a client, which is still connected. */
  async function ask(): Promise<{ client: net.Socket; res: ServerResponse }> {
    const client = net.connect((server.address() as AddressInfo).port, '127.0.0.1');
    client.on('error', () => undefined).write('GET / HTTP/1.1\r\nhost: a\r\n\r\n');
    const [, res] = (await once(server, 'request')) as [IncomingMessage, ServerResponse];
    return { client, res };
  }

  it('has the bytes of a response until the client goes away', async () => {
    const budget = createMemoryBudget(10 * BYTES);
    const { client, res } = await ask();
    holdResponse(budget, res, BYTES);
    assert.equal(budget.used(), BYTES);
    const closed = once(res, 'close');
    client.destroy();
    await closed;
    assert.equal(budget.used(), 0);
  });

  it('has nothing of a response that is made after the client has gone away', async () => {
    const budget = createMemoryBudget(10 * BYTES);
    const { client, res } = await ask();
    const closed = once(res, 'close');
    client.destroy();
    await closed;
    holdResponse(budget, res, BYTES);
    assert.equal(budget.used(), 0);
  });
});
