import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import http from 'node:http';
import { claimBody } from './claims.js';
import { sql } from './database.js';
import { checkLedger } from './ledger.js';
import { patience } from './patience.js';
import { createProvider, setInventories, type Api } from './service.js';

/** Clients that claim and read as fast as responses come, over connections that they keep. */
export interface Load {
  /** Responses so far. */
  readonly responses: () => number;
  /** Requests without a response: the error code of each. */
  readonly failures: string[];
  /** Responses that were not true. */
  readonly wrong: string[];
  /** Resolves after so many more responses. */
  more(count: number): Promise<void>;
  stop(): Promise<void>;
  /** What was promised is there, and not more than there is room for. */
  checkDatabase(databaseUrl: string): Promise<void>;
}

export async function startLoad(api: Api, url: string, clients = 6): Promise<Load> {
  const hosts: string[] = [];
  for (let i = 0; i < 4; i++) hosts.push(await createProvider(api, `host-${randomUUID()}`));
  for (const host of hosts) await setInventories(api, host, { VCPU: { total: 60 } });
  const claimed = new Map<string, string>();
  const [failures, wrong]: [string[], string[]] = [[], []];
  let responses = 0;
  let running = true;
  const stalls = watchStalls();

  async function client(): Promise<void> {
    const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
    let lastAsked = -Infinity;
    const ask = async (method: string, path: string, body?: unknown): Promise<Response | null> => {
      const before = lastAsked;
      lastAsked = performance.now();
      try {
        const response = await request(url, agent, method, path, body);
        responses++;
        return response;
      } catch (error) {
        // A service that ends closes connections on which no request came for a while; a client asks again on another one.
        if (error instanceof BrokenReuse && stalls.since(before)) return ask(method, path, body);
        failures.push((error as NodeJS.ErrnoException).code ?? (error as Error).message);
        await new Promise((resolve) => setTimeout(resolve, 5));
        return null;
      }
    };
    const expect = (response: Response | null, what: string, ...statuses: number[]): boolean => {
      if (response === null || statuses.includes(response.status)) return response !== null;
      wrong.push(`${what}: ${response.status} ${response.text}`);
      return false;
    };
    while (running) {
      const host = hosts[Math.floor(Math.random() * hosts.length)]!;
      const consumer = randomUUID();
      const claim = await ask('PUT', `/allocations/${consumer}`, claimBody({ [host]: { VCPU: 1 } }));
      if (expect(claim, 'claim', 204, 409) && claim?.status === 204) {
        claimed.set(consumer, host);
        const read = await ask('GET', `/allocations/${consumer}`);
        if (expect(read, 'allocations', 200) && read?.text.includes(host) !== true) wrong.push(`lost ${consumer}`);
      }
      const atLeast = [...claimed.values()].filter((one) => one === host).length;
      const usages = await ask('GET', `/resource_providers/${host}/usages`);
      if (expect(usages, 'usages', 200)) {
        const { VCPU } = (JSON.parse(usages!.text) as { usages: { VCPU: number } }).usages;
        if (VCPU > 60) wrong.push(`${host} has ${VCPU} in use of 60`);
        if (VCPU < atLeast) wrong.push(`${host} has ${VCPU} in use, at least ${atLeast} were claimed`);
      }
      expect(await ask('GET', '/allocation_candidates?resources=VCPU:1&limit=2'), 'candidates', 200);
    }
    agent.destroy();
  }
  const all = Promise.all(Array.from({ length: clients }, client));

  return {
    responses: () => responses,
    failures,
    wrong,
    async more(count) {
      const deadline = performance.now() + patience(20_000);
      for (const enough = responses + count; responses < enough;) {
        if (performance.now() > deadline)
          throw new Error(`only ${responses} of ${enough} responses: ${failures.join()}`);
        await new Promise((resolve) => setTimeout(resolve, 5));
      }
    },
    async stop() {
      running = false;
      await all;
      stalls.stop();
    },
    async checkDatabase(databaseUrl) {
      await checkLedger(databaseUrl);
      const over = await sql(
        databaseUrl,
        'select * from inventories where used > (total - reserved) * allocation_ratio',
      );
      assert.deepEqual(over, [], 'nothing is overcommitted');
      const rows = await sql<{ consumer: string }>(
        databaseUrl,
        'select c.uuid as consumer from allocations a join consumers c on c.id = a.consumer_id',
      );
      const there = new Set(rows.map(({ consumer }) => consumer));
      const lost = [...claimed.keys()].filter((consumer) => !there.has(consumer));
      assert.deepEqual(lost, [], 'every claim that was acknowledged is there');
    },
  };
}

/** Longer than the service takes to say that it cannot respond. */
const NO_RESPONSE_MS = patience(15_000);

interface Response {
  readonly status: number;
  readonly text: string;
}

/** A connection that was used before was closed before the response came. */
class BrokenReuse extends Error {
  readonly code: string | undefined;

  constructor(message: string, code: string | undefined) {
    super(message);
    this.code = code;
  }
}

/** Longer than clients that ask all the time leave a connection idle; a service that ends gives them 500 ms. */
const STALL_MS = 250;

/** Watches for moments at which this process stood still. */
function watchStalls(): { since(time: number): boolean; stop(): void } {
  let [last, stalledAt] = [performance.now(), -Infinity];
  const look = (): void => {
    const now = performance.now();
    if (now - last > STALL_MS) stalledAt = now;
    last = now;
  };
  const timer = setInterval(look, 20);
  return {
    since(time) {
      look();
      return stalledAt > time;
    },
    stop: () => {
      clearInterval(timer);
    },
  };
}

function request(url: string, agent: http.Agent, method: string, path: string, body?: unknown): Promise<Response> {
  return new Promise((resolve, reject) => {
    const headers: Record<string, string> = {
      'x-auth-token': 'admin',
      'openstack-api-version': 'placement 1.39',
    };
    const payload = body === undefined ? '' : JSON.stringify(body);
    if (body !== undefined) headers['content-type'] = 'application/json';
    headers['content-length'] = String(Buffer.byteLength(payload));
    const sent = http.request(url + path, { method, agent, headers, timeout: NO_RESPONSE_MS }, (response) => {
      let text = '';
      response.on('data', (bytes: Buffer) => (text += bytes.toString()));
      response.on('end', () => {
        resolve({ status: response.statusCode ?? 0, text });
      });
      response.on('error', reject);
    });
    sent.on('timeout', () => sent.destroy(new Error(`no response within ${NO_RESPONSE_MS / 1000} s`)));
    sent.on('error', (error: NodeJS.ErrnoException) => {
      const isBroken = error.code === 'ECONNRESET' || error.code === 'EPIPE';
      reject(isBroken && sent.reusedSocket ? new BrokenReuse(error.message, error.code) : error);
    });
    sent.end(payload);
  });
}
