import { randomUUID } from 'node:crypto';
import { setTimeout } from 'node:timers/promises';
import { claimBody } from '../support/claims.js';
import type { Moment, Seen } from './history.js';
import type { Recorder } from './recorder.js';
import { createTalk, type Heard, type Reply } from './talk.js';
import { CAPACITY, type Look, type World } from './world.js';

/** What one client does, one thing at a time; everything is noted. */
export interface Operations {
  /** @returns null when it could not be read */
  readRegister(uuid: string): Promise<State | null>;
  readConsumer(uuid: string): Promise<State | null>;
  readCounter(uuid: string): Promise<void>;
  readSnapshot(look: Look): Promise<void>;
  /** Reads, writes the next generation, and reads again. */
  writeRegister(uuid: string): Promise<void>;
  writeConsumer(uuid: string): Promise<void>;
  /** A new consumer takes some of a counter; then reads the counter. */
  claim(counter: string): Promise<void>;
  /** The oldest consumer of this client gives back what it took. */
  giveBack(): Promise<void>;
  /** How many consumers have something to give back. */
  readonly held: number;
  end(): void;
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

/** After a request that failed: clients that do not wait take the processor from a service that starts. */
const PAUSE_MS = 50;
/** Until it is known whether a claim was made; some minutes while the database is away. */
const ATTEMPTS = 1000;

export interface Scene {
  readonly urls: readonly string[];
  readonly world: World;
  readonly recorder: Recorder;
  readonly heard: Heard;
  /** @returns a number that no other client was given, above 1 */
  readonly unique: () => number;
}

/** @param first the service that is asked first */
export function createOperations(
  name: string,
  first: number,
  { urls, world, recorder, heard, unique }: Scene,
): Operations {
  const { ask, end } = createTalk(urls, first, heard);
  const held: { consumer: string; counter: string; amount: number }[] = [];

  /** @param rejected the statuses that say that it was not done, and are no surprise */
  function outcomeOf({ status, outcome, body }: Reply, ...rejected: number[]): Exclude<Moment, 'invoke'> {
    if (outcome !== 'ok') return outcome;
    if (status >= 200 && status < 300) return 'ok';
    if (!rejected.includes(status)) heard.surprises.push(`${name}: ${status} ${JSON.stringify(body)}`);
    return 'fail';
  }

  /** @returns the body; null when there is none */
  async function get(path: string): Promise<unknown> {
    const reply = await ask('GET', path);
    return outcomeOf(reply) === 'ok' ? reply.body : null;
  }

  async function read(key: string, path: string, stateOf: (body: unknown) => State): Promise<State | null> {
    const base = { client: name, key, op: 'read' } as const;
    recorder.note({ ...base, type: 'invoke' });
    const body = await get(path);
    const state = body === null ? null : stateOf(body);
    recorder.note(state === null ? { ...base, type: 'fail' } : { ...base, type: 'ok', ...state });
    if (state === null) await setTimeout(PAUSE_MS);
    return state;
  }

  const readRegister = (uuid: string): Promise<State | null> =>
    read(uuid, `/resource_providers/${uuid}/inventories`, (body) => {
      const { resource_provider_generation: generation, inventories } = body as Inventories;
      return { generation, value: String(inventories['VCPU']?.total) };
    });

  const readConsumer = (uuid: string): Promise<State | null> =>
    read(uuid, `/allocations/${uuid}`, (body) => {
      const { consumer_generation: generation = 0, allocations } = body as Allocations;
      return { generation, value: String(allocations[world.host]?.resources['VCPU'] ?? '') };
    });

  async function readCounter(key: string): Promise<void> {
    const base = { client: name, key, op: 'usage' } as const;
    recorder.note({ ...base, type: 'invoke' });
    const body = (await get(`/resource_providers/${key}/usages`)) as Usages | null;
    if (body === null) {
      recorder.note({ ...base, type: 'fail' });
      await setTimeout(PAUSE_MS);
      return;
    }
    const { resource_provider_generation: generation, usages } = body;
    recorder.note({ ...base, type: 'ok', generation, used: usages['VCPU'] ?? 0, capacity: CAPACITY });
  }

  async function readSnapshot({ key, path, seen }: Look): Promise<void> {
    const base = { client: name, key, op: 'snapshot' } as const;
    recorder.note({ ...base, type: 'invoke' });
    const body = await get(path);
    const reads: Seen[] | null = body === null ? null : seen(body);
    recorder.note(reads === null ? { ...base, type: 'fail' } : { ...base, type: 'ok', reads });
    if (reads === null) await setTimeout(PAUSE_MS);
  }

  async function write(key: string, state: State, path: string, body: (value: number) => unknown): Promise<void> {
    const value = unique();
    const base = { client: name, key, op: 'write', generation: state.generation + 1, value: String(value) } as const;
    recorder.note({ ...base, type: 'invoke' });
    const reply = await ask('PUT', path, body(value));
    recorder.note({ ...base, type: outcomeOf(reply, 409) }, reply.service);
  }

  /**
   * Sends a request until it is known what has become of it. A consumer of its own makes the second one harmless.
   *
   * @param wasDone whether a rejection says that an attempt before it was carried out
   */
  async function insist(
    send: () => Promise<Reply>,
    rejected: readonly number[],
    wasDone: (reply: Reply) => boolean,
  ): Promise<{ type: Exclude<Moment, 'invoke'>; service: number | null }> {
    for (let attempt = 1, unknown = false; attempt <= ATTEMPTS; attempt++) {
      const reply = await send();
      if (unknown && reply.outcome === 'ok' && wasDone(reply)) return { type: 'ok', service: null };
      const type = outcomeOf(reply, ...rejected);
      if (type === 'ok' || (type === 'fail' && !unknown)) return { type, service: reply.service };
      // The attempt before may still be under way.
      if (reply.outcome === 'ok') break;
      unknown ||= type === 'info';
      await setTimeout(PAUSE_MS);
    }
    return { type: 'info', service: null };
  }

  return {
    readRegister,
    readConsumer,
    readCounter,
    readSnapshot,
    async writeRegister(uuid) {
      const state = await readRegister(uuid);
      if (state === null) return;
      await write(uuid, state, `/resource_providers/${uuid}/inventories`, (total) => {
        return { resource_provider_generation: state.generation, inventories: { VCPU: { total } } };
      });
      await readRegister(uuid);
    },
    async writeConsumer(uuid) {
      const state = await readConsumer(uuid);
      if (state === null) return;
      const consumer_generation = state.generation === 0 ? null : state.generation;
      await write(uuid, state, `/allocations/${uuid}`, (amount) =>
        claimBody({ [world.host]: { VCPU: amount } }, { consumer_generation }),
      );
      await readConsumer(uuid);
    },
    async claim(counter) {
      const [consumer, amount] = [randomUUID(), 1 + Math.floor(Math.random() * 3)];
      const base = { client: name, key: counter, op: 'claim', amount } as const;
      recorder.note({ ...base, type: 'invoke' });
      const { type, service } = await insist(
        () => ask('PUT', `/allocations/${consumer}`, claimBody({ [counter]: { VCPU: amount } })),
        [409],
        ({ status, body }) => status === 409 && JSON.stringify(body).includes('consumer generation conflict'),
      );
      recorder.note({ ...base, type }, service);
      if (type === 'ok') held.push({ consumer, counter, amount });
      await readCounter(counter);
    },
    async giveBack() {
      const { consumer, counter, amount } = held[0]!;
      const base = { client: name, key: counter, op: 'claim', amount: -amount } as const;
      recorder.note({ ...base, type: 'invoke' });
      const { type, service } = await insist(
        () => ask('DELETE', `/allocations/${consumer}`),
        [],
        ({ status }) => status === 404,
      );
      recorder.note({ ...base, type }, service);
      // Of one whose outcome is unknown the client never speaks again.
      if (type !== 'fail') held.shift();
      await readCounter(counter);
    },
    get held() {
      return held.length;
    },
    end,
  };
}
