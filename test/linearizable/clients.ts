import { randomUUID } from 'node:crypto';
import http from 'node:http';
import { setTimeout } from 'node:timers/promises';
import { claimBody } from '../support/claims.js';
import type { Moment } from './history.js';
import type { Recorder } from './recorder.js';

/** Clients whose operations are noted. Each goes from one service to the next with every request. */
export interface Clients {
  /** Statuses that no client expects. */
  readonly surprises: readonly string[];
  /** Requests so far, by status; 0: no response. */
  readonly statuses: ReadonlyMap<number, number>;
  stop(): Promise<void>;
}

export interface Crowd {
  /** Clients that read registers and counters nine times of ten, and write else. */
  readonly readers: number;
  /** Clients that write registers and claim and give back counters, and look at once whether it is there. */
  readonly writers: number;
}

/** What clients read and write. */
interface World {
  /** Providers whose inventories are a register: the total is the value. */
  readonly registers: readonly string[];
  /** Consumers whose allocations are a register: the amount is the value. They are at `host`. */
  readonly consumers: readonly string[];
  readonly host: string;
  /** Providers whose usage is a counter. */
  readonly counters: readonly string[];
}

const [REGISTERS, CONSUMERS, COUNTERS, CAPACITY] = [4, 4, 4, 20];
const PAUSE_MS = 20;
/** Longer than the service takes to say that it cannot respond. */
const NO_RESPONSE_MS = 60_000;

const pick = <T>(list: readonly T[]): T => list[Math.floor(Math.random() * list.length)]!;

interface Reply {
  readonly status: number;
  readonly body: unknown;
  /** It was not carried out, or it is unknown whether it was. */
  readonly outcome: Moment;
  /** Which service was asked. */
  readonly service: number;
}

/** Makes what is read and written, and starts clients on it. Every service has to be there. */
export async function startClients(urls: readonly string[], recorder: Recorder, crowd: Crowd): Promise<Clients> {
  const surprises: string[] = [];
  const statuses = new Map<number, number>();
  const world = await makeWorld(createTalk(urls, 0, statuses, surprises));
  let [running, unique] = [true, 0];

  async function client(at: number, readsOnly: boolean): Promise<void> {
    const name = `${readsOnly ? 'reader' : 'writer'}-${at}`;
    const { ask, end } = createTalk(urls, at, statuses, surprises);
    const held: { consumer: string; counter: string; amount: number }[] = [];

    /** @param accepted the statuses that say that it was not done */
    const outcomeOf = ({ status, outcome, body }: Reply, ...rejected: number[]): Moment => {
      if (outcome !== 'ok') return outcome;
      if (status >= 200 && status < 300) return 'ok';
      if (!rejected.includes(status)) surprises.push(`${name}: ${status} ${JSON.stringify(body)}`);
      return 'fail';
    };

    async function read(key: string, path: string, state: (body: unknown) => State): Promise<State | null> {
      const base = { client: name, key, op: 'read' } as const;
      recorder.note({ ...base, type: 'invoke' });
      const reply = await ask('GET', path);
      if (outcomeOf(reply) === 'ok') {
        const found = state(reply.body);
        recorder.note({ ...base, type: 'ok', ...found });
        return found;
      }
      recorder.note({ ...base, type: 'fail' });
      await setTimeout(PAUSE_MS);
      return null;
    }

    const readRegister = (uuid: string) =>
      read(uuid, `/resource_providers/${uuid}/inventories`, (body) => {
        const { resource_provider_generation: generation, inventories } = body as Inventories;
        return { generation, value: String(inventories['VCPU']?.total) };
      });

    const readConsumer = (uuid: string) =>
      read(uuid, `/allocations/${uuid}`, (body) => {
        const { consumer_generation: generation = 0, allocations } = body as Allocations;
        return { generation, value: String(allocations[world.host]?.resources['VCPU'] ?? '') };
      });

    async function readCounter(uuid: string): Promise<void> {
      const base = { client: name, key: uuid, op: 'usage' } as const;
      recorder.note({ ...base, type: 'invoke' });
      const reply = await ask('GET', `/resource_providers/${uuid}/usages`);
      if (outcomeOf(reply) === 'ok') {
        const { resource_provider_generation: generation, usages } = reply.body as Usages;
        recorder.note({ ...base, type: 'ok', generation, used: usages['VCPU'] ?? 0, capacity: CAPACITY });
        return;
      }
      recorder.note({ ...base, type: 'fail' });
      await setTimeout(PAUSE_MS);
    }

    async function write(key: string, state: State, path: string, body: (value: number) => unknown): Promise<void> {
      const value = ++unique;
      const base = { client: name, key, op: 'write', generation: state.generation + 1, value: String(value) } as const;
      recorder.note({ ...base, type: 'invoke' });
      const reply = await ask('PUT', path, body(value));
      recorder.note({ ...base, type: outcomeOf(reply, 409) }, reply.service);
    }

    async function writeRegister(uuid: string): Promise<void> {
      const state = await readRegister(uuid);
      if (state === null) return;
      await write(uuid, state, `/resource_providers/${uuid}/inventories`, (total) => {
        return { resource_provider_generation: state.generation, inventories: { VCPU: { total } } };
      });
      await readRegister(uuid);
    }

    async function writeConsumer(uuid: string): Promise<void> {
      const state = await readConsumer(uuid);
      if (state === null) return;
      const consumer_generation = state.generation === 0 ? null : state.generation;
      await write(uuid, state, `/allocations/${uuid}`, (amount) =>
        claimBody({ [world.host]: { VCPU: amount } }, { consumer_generation }),
      );
      await readConsumer(uuid);
    }

    async function claim(counter: string): Promise<void> {
      const [consumer, amount] = [randomUUID(), 1 + Math.floor(Math.random() * 3)];
      const base = { client: name, key: counter, op: 'claim', amount } as const;
      recorder.note({ ...base, type: 'invoke' });
      const reply = await ask('PUT', `/allocations/${consumer}`, claimBody({ [counter]: { VCPU: amount } }));
      const type = outcomeOf(reply, 409);
      recorder.note({ ...base, type }, reply.service);
      if (type === 'ok') held.push({ consumer, counter, amount });
      await readCounter(counter);
    }

    async function giveBack(): Promise<void> {
      const { consumer, counter, amount } = held[0]!;
      const base = { client: name, key: counter, op: 'claim', amount: -amount } as const;
      recorder.note({ ...base, type: 'invoke' });
      const reply = await ask('DELETE', `/allocations/${consumer}`);
      const type = outcomeOf(reply);
      recorder.note({ ...base, type }, reply.service);
      // Of one whose outcome is unknown the client never speaks again.
      if (type !== 'fail') held.shift();
      await readCounter(counter);
    }

    while (running) {
      const dice = Math.random();
      if (readsOnly) {
        if (dice < 0.4) await readRegister(pick(world.registers));
        else if (dice < 0.7) await readConsumer(pick(world.consumers));
        else await readCounter(pick(world.counters));
      } else if (dice < 0.3) await writeRegister(pick(world.registers));
      else if (dice < 0.6) await writeConsumer(pick(world.consumers));
      else if (held.length > 0 && (dice < 0.8 || held.length > 3)) await giveBack();
      else await claim(pick(world.counters));
    }
    end();
  }

  const all = Promise.all([
    ...Array.from({ length: crowd.readers }, (_, at) => client(at, true)),
    ...Array.from({ length: crowd.writers }, (_, at) => client(at, false)),
  ]);
  all.catch(() => undefined);
  return {
    surprises,
    statuses,
    async stop() {
      running = false;
      await all;
    },
  };
}

interface State {
  readonly generation: number;
  readonly value: string;
}

interface Inventories {
  readonly resource_provider_generation: number;
  readonly inventories: Record<string, { readonly total: number }>;
}

interface Allocations {
  readonly consumer_generation?: number;
  readonly allocations: Record<string, { readonly resources: Record<string, number> }>;
}

interface Usages {
  readonly resource_provider_generation: number;
  readonly usages: Record<string, number>;
}

async function makeWorld({ ask, end }: Talk): Promise<World> {
  const provider = async (total: number): Promise<string> => {
    const uuid = randomUUID();
    const made = [
      await ask('POST', '/resource_providers', { uuid, name: uuid }),
      await ask('PUT', `/resource_providers/${uuid}/inventories`, {
        resource_provider_generation: 0,
        inventories: { VCPU: { total } },
      }),
    ];
    for (const { status, body } of made) if (status !== 200) throw new Error(`${status} ${JSON.stringify(body)}`);
    return uuid;
  };
  const several = async (count: number, total: number): Promise<string[]> => {
    const made: string[] = [];
    for (let i = 0; i < count; i++) made.push(await provider(total));
    return made;
  };
  const world = {
    registers: await several(REGISTERS, 1),
    consumers: Array.from({ length: CONSUMERS }, () => randomUUID()),
    host: await provider(2_000_000_000),
    counters: await several(COUNTERS, CAPACITY),
  };
  end();
  return world;
}

interface Talk {
  /** One request, and what it says of its outcome. The next goes to the next service. */
  readonly ask: (method: string, path: string, body?: unknown) => Promise<Reply>;
  readonly end: () => void;
}

function createTalk(urls: readonly string[], at: number, statuses: Map<number, number>, surprises: string[]): Talk {
  const agents = urls.map(() => new http.Agent({ keepAlive: true, maxSockets: 1 }));
  let turn = at;

  return {
    async ask(method, path, body) {
      const index = turn++ % urls.length;
      let reply: Reply;
      try {
        const { status, text } = await request(`${urls[index]!}${path}`, agents[index]!, method, body);
        // A 503 says when it is unknown whether the request was carried out (docs/explanation/when-the-database-breaks.md).
        const outcome = status < 500 ? 'ok' : status !== 503 || /may or may not/.test(text) ? 'info' : 'fail';
        if (status >= 500 && status !== 503) surprises.push(`${method} ${path}: ${status} ${text}`);
        reply = { status, body: parsed(text), outcome, service: index };
      } catch (error) {
        const refused = (error as NodeJS.ErrnoException).code === 'ECONNREFUSED';
        reply = { status: 0, body: null, outcome: refused ? 'fail' : 'info', service: index };
      }
      statuses.set(reply.status, (statuses.get(reply.status) ?? 0) + 1);
      return reply;
    },
    end() {
      for (const agent of agents) agent.destroy();
    },
  };
}

function parsed(text: string): unknown {
  try {
    return text === '' ? null : (JSON.parse(text) as unknown);
  } catch {
    return text;
  }
}

function request(url: string, agent: http.Agent, method: string, body: unknown) {
  return new Promise<{ status: number; text: string }>((resolve, reject) => {
    const payload = body === undefined ? '' : JSON.stringify(body);
    const headers = {
      'x-auth-token': 'admin',
      'openstack-api-version': 'placement 1.39',
      'content-length': String(Buffer.byteLength(payload)),
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
    };
    const sent = http.request(url, { method, agent, headers, timeout: NO_RESPONSE_MS }, (response) => {
      let text = '';
      response.setEncoding('utf8');
      response.on('data', (part: string) => (text += part));
      response.on('end', () => {
        resolve({ status: response.statusCode ?? 0, text });
      });
      response.on('error', reject);
    });
    sent.on('timeout', () => sent.destroy(new Error('no response')));
    sent.on('error', reject);
    sent.end(payload);
  });
}
