import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { claim } from './claims.js';
import { createProvider, setInventories, type Api } from './service.js';

/** Clients that claim and move until they are told to end. */
export interface Movers {
  /** Requests that have succeeded so far. */
  readonly done: { moves: number; claims: number };
  /** What the movers have of VCPU and MEMORY_MB over all hosts: moves change no sum. */
  readonly sums: Readonly<Record<'VCPU' | 'MEMORY_MB', number>>;
  end(): Promise<void>;
}

const OWNER = { project_id: 'p', user_id: 'u', consumer_type: 'INSTANCE' };

/** Hosts with room for all that movers and claimants do. */
export async function createRoomyHosts(api: Api, names: readonly string[]): Promise<string[]> {
  const hosts: string[] = [];
  for (const name of names) {
    const uuid = await createProvider(api, name);
    const roomy = { total: 100_000 };
    await setInventories(api, uuid, { VCPU: roomy, MEMORY_MB: roomy, DISK_GB: roomy, PGPU: roomy });
    hosts.push(uuid);
  }
  return hosts;
}

/**
 * Starts clients of two kinds. Movers move one consumer each from host to host, in one request each. Claimants claim as much of DISK_GB
 * on one host as of PGPU on another, in one request each: the sums of both grow, and are equal at every moment.
 */
export async function startMovers(
  api: Api,
  hosts: readonly string[],
  { movers, claimants }: { movers: number; claimants: number },
): Promise<Movers> {
  const at = (index: number): string => hosts[index % hosts.length]!;
  const consumers = await Promise.all(
    Array.from({ length: movers }, async (_, i) => {
      const consumer = randomUUID();
      const resources = { VCPU: 1 + (i % 7), MEMORY_MB: 100 + i };
      await claim(api, { [at(i)]: resources }, { consumer }).expect(204);
      return { consumer, resources };
    }),
  );
  const sums = { VCPU: 0, MEMORY_MB: 0 };
  for (const { resources } of consumers) {
    sums.VCPU += resources.VCPU;
    sums.MEMORY_MB += resources.MEMORY_MB;
  }
  const done = { moves: 0, claims: 0 };
  let isOver = false;

  async function move({ consumer, resources }: (typeof consumers)[number], first: number): Promise<void> {
    for (let generation = 1; !isOver;) {
      const { status } = await api.post('/allocations', {
        [consumer]: {
          ...OWNER,
          consumer_generation: generation,
          allocations: { [at(first + 7 * generation)]: { resources } },
        },
      });
      // 409: another client has changed the generation of a host meanwhile.
      if (status === 204) [generation, done.moves] = [generation + 1, done.moves + 1];
      else assert.equal(status, 409);
    }
  }

  async function grow(first: number): Promise<void> {
    for (let n = first; !isOver; n++) {
      const amount = 1 + (n % 5);
      const { status } = await claim(api, { [at(n)]: { DISK_GB: amount }, [at(n + 3)]: { PGPU: amount } });
      if (status === 204) done.claims++;
      else assert.equal(status, 409);
    }
  }

  const clients = [...consumers.map((one, i) => move(one, i)), ...Array.from({ length: claimants }, (_, i) => grow(i))];
  return {
    done,
    sums,
    async end() {
      isOver = true;
      await Promise.all(clients);
    },
  };
}
