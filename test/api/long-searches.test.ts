import assert from 'node:assert/strict';
import http from 'node:http';
import net from 'node:net';
import pino from 'pino';
import { startTestService, type TestService } from '../support/service.js';
import { processorUnit, watchStretches } from '../support/processor-time.js';
import { insertProviders, type TreeProvider } from '../support/insert-trees.js';
import { until } from '../support/until.js';

/**
 * The bound that is wanted is 25 ms of silence. A process does more than one thing between two rounds of its event loop, and this
 * one is the client, too; before there were slices these requests took seconds to a minute.
 */
const longestStretch = (): number => Math.max(150, 4 * processorUnit());

const HEADERS = { 'x-auth-token': 'admin', 'openstack-api-version': 'placement 1.39' };

/** 24 groups of different sizes that would have to fill 8 children of different sizes exactly. */
const sizes = Array.from({ length: 24 }, (_, i) => 1000 + ((i * 7919) % 997));
const total = sizes.reduce((sum, size) => sum + size, 0);
const tight = Array.from({ length: 8 }, (_, i) => Math.floor(total / 8) + ((i * 37) % 101) - 40);
tight[7] = total - tight.slice(0, 7).reduce((sum, size) => sum + size, 0);

const children = (parent: string, rooms: readonly number[], name: string): TreeProvider[] => [
  { name: parent, parent: null, inventory: { VCPU: 8 } },
  ...rooms.map((room, i) => ({ name: `${parent}-${i}`, parent, inventory: { [name]: room } })),
];
const repeated = (count: number, amount: number): number[] => Array.from({ length: count }, () => amount);
const groups = (amounts: readonly number[], name: string, policy: string): string =>
  `/allocation_candidates?${amounts.map((amount, i) => `resources_${i}=${name}:${amount}`).join('&')}&group_policy=${policy}`;

const FUNCTIONS = groups(repeated(6, 1), 'SRIOV_NET_VF', 'isolate');
const MANY = groups(repeated(40, 1), 'VGPU', 'none');
const HARD = groups(sizes, 'NET_BW_EGR_KILOBIT_PER_SEC', 'none');

interface Received {
  readonly status: number;
  readonly headers: http.IncomingHttpHeaders;
  readonly bytes: number;
  readonly requests: number;
}

describe('requests that take long', () => {
  let test: TestService;
  let log = '';

  before(async () => {
    test = await startTestService({
      // The searches that end by themselves need half a second on a quiet machine, and the hard one ends by its steps.
      config: { maxSearchSeconds: 60 },
      log: pino({ level: 'info' }, { write: (line: string) => (log += line) }),
    });
    const chain = Array.from({ length: 200 }, (_, i) => ({
      name: `chain-${i}`,
      parent: i === 0 ? null : `chain-${i - 1}`,
      inventory: { MEMORY_MB: 100 },
    }));
    await insertProviders(test.databaseUrl, [
      ...children('functions', repeated(9, 1), 'SRIOV_NET_VF'),
      ...children('many', repeated(8, 64), 'VGPU'),
      ...children('hard', tight, 'NET_BW_EGR_KILOBIT_PER_SEC'),
      ...chain,
    ]);
    await until('they are loaded', async () => (await test.service.topology.current()).providers.size > 200);
  });
  after(() => test.close());

  /** Reads a response without keeping it, and asks for something small all the time. */
  async function longest(path: string): Promise<Received & { readonly stretch: number; readonly others: number }> {
    const watch = watchStretches();
    let others = 0;
    const done = new AbortController();
    const neighbour = (async () => {
      for (; !done.signal.aborted; others++) {
        assert.equal((await receive('/resource_providers?name=nobody')).status, 200);
      }
    })();
    const received = await receive(path);
    done.abort();
    await neighbour;
    watch.stop();
    return { ...received, stretch: watch.longest(), others };
  }

  function receive(path: string): Promise<Received> {
    return new Promise((resolve, reject) => {
      const request = http.get(`${test.url}${path}`, { headers: HEADERS, agent: false }, (response) => {
        let [bytes, requests] = [0, 0];
        let rest = '';
        response.on('data', (chunk: Buffer) => {
          bytes += chunk.length;
          const text = rest + chunk.toString('latin1');
          requests += text.split('"allocations": {').length - 1;
          rest = text.slice(-15);
          if (rest.includes('"allocations": {')) rest = '';
        });
        response.on('error', reject);
        response.on('end', () => {
          resolve({ status: response.statusCode ?? 0, headers: response.headers, bytes, requests });
        });
      });
      request.on('error', reject);
    });
  }

  const memory = (): number => test.service.memory.responses.used();

  it('six isolated groups over nine children: 60,480 candidates are sent as they are made, and others are served', async () => {
    const { status, headers, requests, bytes, stretch, others } = await longest(FUNCTIONS);
    assert.deepEqual([status, headers['content-length'], headers['stockroom-incomplete']], [200, undefined, undefined]);
    assert.equal(requests, 60_480);
    assert.ok(bytes > 30_000_000);
    assert.ok(stretch < longestStretch(), `${stretch} ms`);
    assert.ok(others > 10, `${others} other requests`);
    assert.equal(memory(), 0);
  });

  it('sixty groups of one subtree over a chain of two hundred', async () => {
    const subtree = repeated(60, 1).map((_, i) => `_${i}`);
    const path = `${groups(repeated(60, 1), 'MEMORY_MB', 'none')}&same_subtree=${subtree.join()}&limit=1000`;
    const { status, requests, stretch } = await longest(path);
    assert.deepEqual([status, requests], [200, 1000]);
    assert.ok(stretch < longestStretch(), `${stretch} ms`);
  });

  it('more candidates than are kept: 200 says that there are more, and a client that does not read costs little', async () => {
    const socket = net.connect(Number(new URL(test.url).port), '127.0.0.1');
    let head = '';
    socket.on('data', (chunk) => {
      head += chunk.toString('latin1');
      if (head.length > 500_000) socket.pause();
    });
    const lines = Object.entries(HEADERS).map(([name, value]) => `${name}: ${value}\r\n`);
    socket.write(`GET ${MANY} HTTP/1.1\r\nhost: a\r\n${lines.join('')}\r\n`);
    await until('there is a beginning', () => head.length > 500_000, 60_000);
    assert.match(head, /^HTTP\/1\.1 200 [^]*stockroom-incomplete: size\r\n[^]*transfer-encoding: chunked/i);
    assert.ok(memory() > 1_000_000, 'what was found is accounted for');
    assert.ok(memory() < 30_000_000, `${memory()} bytes are held`);
    assert.equal((await receive('/resource_providers?name=nobody')).status, 200);
    socket.destroy();
    await until('nothing is held any more', () => memory() === 0);
    await until('it is logged', () => log.includes('"bound":"size"'));
  });

  it('a search that ends without a candidate is an error, and never an empty list', async () => {
    const response = await test.api.get(`${HARD}&limit=1`);
    assert.equal(response.status, 400);
    const [error] = (response.body as { errors: { code: string; detail: string }[] }).errors;
    assert.equal(error?.code, 'stockroom.search_ended');
    assert.match(error.detail, /used up the (steps|seconds) .* does not mean that nothing fits/);
    const { status, stretch } = await longest(`${HARD}&limit=1`);
    assert.equal(status, 400);
    assert.ok(stretch < longestStretch(), `${stretch} ms`);
  });

  it('work whose client has gone stops', async () => {
    log = '';
    const request = http.get(`${test.url}${HARD}&limit=2`, { headers: HEADERS, agent: false });
    request.on('error', () => undefined);
    await until('it is under way', async () => {
      const inFlight = (await test.service.metrics.snapshot()).find(
        ({ name }) => name === 'stockroom_http_requests_in_flight',
      );
      return inFlight?.values[0]?.value === 1;
    });
    request.destroy();
    await until('it is logged', () => log.includes('limit=2'));
    const line = log.split('\n').find((one) => one.includes('limit=2')) ?? '';
    assert.equal((JSON.parse(line) as { status: number }).status, 499);
    assert.ok(!log.includes('ended at its bound'), 'before its bound');
    assert.equal(memory(), 0);
  });

  it('a list of 3,000 providers is sent in pieces, the same as in one', async () => {
    await insertProviders(
      test.databaseUrl,
      Array.from({ length: 3000 }, (_, i) => ({ name: `flat-${i}`, parent: null })),
      10_000,
    );
    await until('they are loaded', async () => (await test.service.topology.current()).providers.size > 3000);
    const response = await test.api.get('/resource_providers');
    assert.equal(response.headers['transfer-encoding'], 'chunked');
    const listed = (response.body as { resource_providers: { name: string; uuid: string }[] }).resource_providers;
    const { providers } = await test.service.topology.current();
    assert.deepEqual(listed.map(({ name }) => name).sort(), [...providers.values()].map(({ name }) => name).sort());
    const small = await test.api.get('/resource_providers?name=flat-7');
    assert.ok(small.headers['content-length'] !== undefined);
    assert.deepEqual(
      listed.find(({ name }) => name === 'flat-7'),
      (small.body as { resource_providers: unknown[] }).resource_providers[0],
    );
    assert.equal(memory(), 0);
  });

  it('many searches at once: each round of the event loop has one slice', async () => {
    const watch = watchStretches();
    const all = await Promise.all(Array.from({ length: 12 }, () => receive(`${FUNCTIONS}&limit=5000`)));
    watch.stop();
    assert.deepEqual(new Set(all.map(({ status, requests }) => `${status} ${requests}`)), new Set(['200 5000']));
    assert.ok(watch.longest() < longestStretch(), `${watch.longest()} ms`);
  });
});
