import { createOperations, type Operations } from './operations.js';
import type { Recorder } from './recorder.js';
import { createTalk, type Heard } from './talk.js';
import { makeWorld, type World } from './world.js';

/** Clients whose operations are noted. Each goes from one service to the next with every request. */
export interface Clients {
  /** Statuses that no client expects. */
  readonly surprises: readonly string[];
  /** Requests so far, by status; 0: no response. */
  readonly statuses: ReadonlyMap<number, number>;
  stop(): Promise<void>;
}

export interface Crowd {
  /** Clients that read, mostly all keys of a kind with one request. */
  readonly readers: number;
  /** Clients that write registers and claim and give back counters, and look at once whether it is there. */
  readonly writers: number;
}

const pick = <T>(list: readonly T[]): T => list[Math.floor(Math.random() * list.length)]!;

/** Makes what is read and written, and starts clients on it. Every service has to be there. */
export async function startClients(urls: readonly string[], recorder: Recorder, crowd: Crowd): Promise<Clients> {
  const heard: Heard = { statuses: new Map(), surprises: [] };
  const maker = createTalk(urls, 0, heard);
  const world = await makeWorld(maker);
  maker.end();
  let [running, last] = [true, 1];
  const scene = { urls, world, recorder, heard, unique: () => ++last };

  // The history begins with what is there: values alone say nothing of a register that was never read.
  const first = createOperations('first', 0, scene);
  for (const uuid of world.registers) await first.readRegister(uuid);
  for (const uuid of world.consumers) await first.readConsumer(uuid);
  first.end();

  async function client(name: string, at: number, step: (own: Operations, world: World) => Promise<unknown>) {
    const own = createOperations(name, at, scene);
    while (running) await step(own, world);
    own.end();
  }
  const all = Promise.all([
    ...Array.from({ length: crowd.readers }, (_, at) => client(`reader-${at}`, at, readSomething)),
    ...Array.from({ length: crowd.writers }, (_, at) => client(`writer-${at}`, at, writeSomething)),
  ]);
  all.catch(() => undefined);
  return {
    ...heard,
    async stop() {
      running = false;
      await all;
    },
  };
}

function readSomething(own: Operations, { registers, consumers, counters, snapshots }: World): Promise<unknown> {
  const dice = Math.random();
  if (dice < 0.1) return own.readRegister(pick(registers));
  if (dice < 0.2) return own.readConsumer(pick(consumers));
  if (dice < 0.3) return own.readCounter(pick(counters));
  return own.readSnapshot(pick(snapshots));
}

function writeSomething(own: Operations, { registers, consumers, counters }: World): Promise<void> {
  const dice = Math.random();
  if (dice < 0.3) return own.writeRegister(pick(registers));
  if (dice < 0.6) return own.writeConsumer(pick(consumers));
  if (own.held > 0 && (dice < 0.8 || own.held > 3)) return own.giveBack();
  return own.claim(pick(counters));
}
