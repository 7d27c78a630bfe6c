import assert from 'node:assert/strict';
import net from 'node:net';
import pino from 'pino';
import { createMemoryBudget } from '../../src/http/memory-budget.js';
import { sql } from '../support/database.js';
import { startTestService, type TestService } from '../support/service.js';
import { until } from '../support/until.js';
import { send } from '../support/raw-request.js';

const HEADERS = 'host: a\r\nx-auth-token: admin\r\nopenstack-api-version: placement 1.39\r\n';
const PROVIDERS = 3000;

/** A connection that sends bytes, and reads only when the test says so. */
interface Client {
  readonly socket: net.Socket;
  /** All that was read. */
  readonly text: () => string;
  /** How many responses have begun. */
  responses(): number;
}

describe('the memory that all clients share', () => {
  let test: TestService;
  let log = '';
  const clients: net.Socket[] = [];

  /** Starts the service with providers whose listing has some 2 MB. */
  async function start(config: object): Promise<void> {
    log = '';
    test = await startTestService({ config, log: pino({ level: 'info' }, { write: (line: string) => (log += line) }) });
    await sql(
      test.databaseUrl,
      `insert into resource_providers (id, uuid, name, root_provider_id)
       select n, gen_random_uuid(), 'many-' || n, n from generate_series(10001, 10000 + ${PROVIDERS}) n`,
    );
    await until('they are loaded', async () => (await test.service.topology.current()).providers.size >= PROVIDERS);
  }

  function connect(bytes: string, { reads = false } = {}): Client {
    const socket = net.connect(Number(new URL(test.url).port), '127.0.0.1');
    clients.push(socket);
    let text = '';
    let [tail, responses] = ['', 0];
    socket
      .on('error', () => undefined)
      .on('data', (data) => {
        const more = data.toString('latin1');
        // A status line may be divided. All of the text has 40 MB, which are not searched through again and again.
        responses += (tail + more).split('HTTP/1.1 ').length - 1;
        tail = more.slice(-8);
        text += more;
      });
    if (!reads) socket.pause();
    socket.write(bytes);
    return { socket, text: () => text, responses: () => responses };
  }
  const handled = (path: string): number => log.split(`"path":"${path}"`).length - 1;
  const statuses = ({ text }: Client): string[] =>
    [...text().matchAll(/HTTP\/1\.1 (\d+)/g)].map(([, one]) => one ?? '');

  afterEach(async () => {
    for (const socket of clients.splice(0)) socket.destroy();
    await test.close();
  });

  it('has one response for 2,000 requests on a connection that does not read, and the others when it reads', async () => {
    await start({});
    const one = `GET /resource_providers HTTP/1.1\r\n${HEADERS}\r\n`;
    const deaf = connect(one.repeat(2000));
    const patient = connect(one.repeat(20));
    await until('both have had a response', () => handled('/resource_providers') >= 2);
    await until('the others wait', async () => {
      const held = (await test.service.metrics.snapshot()).find(({ name }) => name === 'stockroom_http_held_bytes');
      return (held?.values.find(({ labels }) => labels['of'] === 'requests')?.value ?? 0) > 100_000;
    });
    await test.api.get('/resource_providers?name=nobody').expect(200);
    assert.ok(handled('/resource_providers') <= 10, `${handled('/resource_providers')} were handled`);
    assert.ok(test.service.memory.requests.used() > 0, 'those that wait are accounted for');
    patient.socket.resume();
    await until('the other has all', () => patient.responses() === 20, 60_000);
    assert.deepEqual(new Set(statuses(patient)), new Set(['200']));
    deaf.socket.destroy();
    patient.socket.destroy();
    const { memory } = test.service;
    await until('nothing is held any more', () => memory.requests.used() === 0 && memory.responses.used() === 0);
  });

  it('cuts a connection off that has more than a thousand requests waiting', async () => {
    await start({});
    const { socket } = connect(`GET / HTTP/1.1\r\nhost: a\r\n\r\n`.repeat(5000));
    const closed = new Promise((resolve) => socket.on('close', resolve));
    socket.resume();
    await closed;
    assert.equal(test.service.memory.requests.used(), 0);
    await test.api.get('/').expect(200);
  });

  it('has no room for 30 large bodies: the largest get 503 with Retry-After, and a small one gets through', async () => {
    const limit = 2_000_000;
    await start({ maxRequestBytesInMemory: limit, maxRequestBody: 400_000 });
    const began = performance.now();
    const body = `{"name": "${'x'.repeat(350_000)}"}`;
    const head = `POST /resource_providers HTTP/1.1\r\n${HEADERS}content-type: application/json\r\ncontent-length: ${body.length}\r\n\r\n`;
    const all = Array.from({ length: 30 }, () => connect(head + body.slice(0, 300_000), { reads: true }));
    const { memory } = test.service;
    const rejected = (): Client[] => all.filter((client) => statuses(client)[0] === '503');
    await until('most are rejected', () => {
      assert.ok(memory.requests.used() <= limit + 65_536, `${memory.requests.used()} bytes`);
      return rejected().length >= 24;
    });
    for (const client of rejected()) assert.match(client.text(), /retry-after: 1\r\n[^]*no memory left/i);
    await test.api.post('/resource_providers', { name: 'small' }).expect(200);
    // The others go on, and get what their bodies deserve.
    for (const { socket } of all) if (socket.writable) socket.write(body.slice(300_000));
    await until('all have a response', () => all.every((client) => statuses(client).length === 1));
    assert.equal(all.filter((client) => statuses(client)[0] === '400').length, 30 - rejected().length);
    await until('nothing is held any more', () => memory.requests.used() === 0);
    const [lines, periods] = [
      log.split('max_request_bytes_in_memory').length - 1,
      (performance.now() - began) / 10_000,
    ];
    assert.ok(lines >= 1 && lines <= Math.ceil(periods), `${lines} lines in the log: one each 10 s at most`);
  });

  it('lets small bodies through when requests that are being served take all there is', async () => {
    await start({ maxRequestBytesInMemory: 2_000_000, maxRequestBody: 400_000 });
    const others = test.service.memory.requests.enter(() => assert.fail('it cannot give up'));
    others.keep();
    others.add(2_000_000);
    await test.api.post('/resource_providers', { name: 'x'.repeat(100_000) }).expect(503);
    await test.api.post('/resource_providers', { name: 'small' }).expect(200);
    others.leave();
    await test.api.post('/resource_providers', { name: 'x'.repeat(100_000) }).expect(400);
    assert.equal(test.service.memory.requests.used(), 0);
  });

  it('has no room for responses that clients do not take: others get 503, and what is small, until those are cut off', async () => {
    await start({ maxResponseBytesInMemory: 4_000_000 });
    const one = `GET /resource_providers HTTP/1.1\r\n${HEADERS}\r\n`;
    for (let i = 0; i < 12; i++) connect(one.repeat(5));
    const { memory } = test.service;
    const large = () => send(test.url, { path: '/resource_providers' });
    const rejection = await until('a reader is rejected', async () => {
      const response = await large();
      return response.status === 503 && response;
    });
    assert.equal(rejection.headers['retry-after'], '1');
    assert.match(rejection.text, /no memory left/);
    assert.ok(memory.responses.used() <= 4_000_000);
    await test.api.get('/resource_providers?name=many-1').expect(200);
    await until('the clients that do not read are cut off', async () => (await large()).status === 200);
  });

  it('sends a response that is larger than the bound when it is the only one', async () => {
    await start({ maxResponseBytesInMemory: 65_536 });
    assert.ok((await send(test.url, { path: '/resource_providers' })).text.length > 1_000_000);
  });
});

describe('a room', () => {
  it('makes room by the largest that can give up', () => {
    const budget = createMemoryBudget(100);
    const gone: string[] = [];
    const enter = (name: string, mayGiveUp?: () => boolean) => budget.enter(() => gone.push(name), mayGiveUp);
    const kept = enter('kept');
    kept.add(50);
    kept.keep();
    const busy = enter('busy', () => false);
    assert.ok(busy.add(20));
    const [large, small] = [enter('large'), enter('small')];
    assert.ok(large.add(25));
    assert.ok(small.add(10));
    assert.deepEqual([gone, budget.used()], [['large'], 80]);
    assert.ok(!large.add(1), 'what has given up holds nothing');
    assert.ok(!small.add(30), 'it is the largest itself');
    assert.deepEqual([gone, budget.used()], [['large', 'small'], 70]);
    assert.ok(!busy.add(40), 'there is no room, and it stays');
    busy.leave();
    busy.leave();
    kept.leave();
    assert.equal(budget.used(), 0);
  });
});
