import assert from 'node:assert/strict';
import { once } from 'node:events';
import net from 'node:net';
import { sql } from '../support/database.js';
import { insertProviders } from '../support/replica.js';
import { startTestService, type TestService } from '../support/service.js';
import { until } from '../support/until.js';

/** The memory of a body is used for the next one when the system has taken it, and not before. */
describe('the buffers of large responses', () => {
  const PROVIDERS = 300;
  /** More than the system keeps for a connection whose client does not read. */
  const REQUESTS = 40;
  let test: TestService;
  before(async () => {
    test = await startTestService();
    await sql(test.databaseUrl, insertProviders(...Array.from({ length: PROVIDERS }, (_, n) => `host-${n}`)));
  });
  after(() => test.close());

  async function list(): Promise<string> {
    const response = await fetch(`${test.url}/resource_providers`, { headers: HEADERS });
    return response.text();
  }

  it('keep what a slow client has not taken yet', async () => {
    const slow = net.connect(Number(new URL(test.url).port), '127.0.0.1').pause();
    await once(slow, 'connect');
    const head = Object.entries(HEADERS).map(([name, value]) => `${name}: ${value}\r\n`);
    slow.write(`GET /resource_providers HTTP/1.1\r\nhost: a\r\n${head.join('')}\r\n`.repeat(REQUESTS));
    await until('a response is held', () => test.service.memory.responses.used() > 0);

    const right = new Set<string>();
    for (let generation = 1; generation <= 20; generation++) {
      await sql(test.databaseUrl, `update resource_providers set generation = ${generation}`);
      // Several at a time, so that the next one cannot have the buffers of the last.
      for (const body of await Promise.all([list(), list(), list()])) right.add(body);
    }
    assert.equal(right.size, 20);

    const bodies = await bodiesOf(slow, REQUESTS);
    right.add(bodies[0] as string);
    for (const [index, body] of bodies.entries()) {
      const { resource_providers } = JSON.parse(body) as { resource_providers: unknown[] };
      assert.equal(resource_providers.length, PROVIDERS);
      assert.ok(right.has(body), `response ${index} is one that there was`);
    }
    slow.destroy();
  });
});

const HEADERS = { 'x-auth-token': 'admin', 'openstack-api-version': 'placement 1.39' };

/** The bodies of so many responses, whether they have a length or come in chunks. JSON has no line ends here. */
async function bodiesOf(socket: net.Socket, count: number): Promise<string[]> {
  const received: string[] = [];
  socket.setEncoding('latin1').on('data', (text: string) => received.push(text));
  socket.resume();
  let bodies: string[] = [];
  await until('all responses are there', () => {
    const responses = received.join('').split('HTTP/1.1 200 OK').slice(1);
    bodies = responses.map((response) => {
      const end = response.indexOf('\r\n\r\n') + 4;
      const body = response.slice(end);
      const isChunked = response.slice(0, end).includes('chunked');
      return isChunked ? body.replaceAll(/(^|\r\n)[\da-f]+\r\n/g, '').trimEnd() : body;
    });
    return bodies.length === count && bodies.every((body) => body.endsWith('"}]}'));
  });
  return bodies;
}
