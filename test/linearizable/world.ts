import { randomUUID } from 'node:crypto';
import type { Seen } from './history.js';
import type { Talk } from './talk.js';

/** What clients read and write. */
export interface World {
  /** Providers whose inventories are a register: the total is the value. */
  readonly registers: readonly string[];
  /** Consumers whose allocations are a register: the amount is the value. They are at a provider of their own, `host`. */
  readonly consumers: readonly string[];
  readonly host: string;
  /** Providers whose usage is a counter. */
  readonly counters: readonly string[];
  /** GETs of which each shows several keys at one moment. */
  readonly snapshots: readonly Look[];
}

/** A GET, and what its response says. */
export interface Look {
  /** What the history calls it: the provider or tree that is asked about. */
  readonly key: string;
  readonly path: string;
  /** @throws TypeError for a response that leaves something out */
  readonly seen: (body: unknown) => Seen[];
}

const [REGISTERS, CONSUMERS, COUNTERS] = [16, 16, 16];
/** Of a counter. */
export const CAPACITY = 20;

/** Makes the providers: registers and counters are one tree, so that one GET shows them all. */
export async function makeWorld(talk: Talk): Promise<World> {
  const root = await makeProvider(talk, null, null);
  const several = async (count: number, total: number): Promise<string[]> => {
    const made: string[] = [];
    for (let i = 0; i < count; i++) made.push(await makeProvider(talk, root, total));
    return made;
  };
  const keys = {
    registers: await several(REGISTERS, 1),
    consumers: Array.from({ length: CONSUMERS }, () => randomUUID()),
    host: await makeProvider(talk, null, 2_000_000_000),
    counters: await several(COUNTERS, CAPACITY),
  };
  return { ...keys, snapshots: [listOf(root, keys), candidatesOf(root, keys), consumersOf(keys)] };
}

async function makeProvider({ ask }: Talk, parent: string | null, total: number | null): Promise<string> {
  const uuid = randomUUID();
  const sent = async (method: string, path: string, body: unknown): Promise<void> => {
    const reply = await ask(method, path, body);
    if (reply.status !== 200) throw new Error(`${method} ${path}: ${reply.status} ${JSON.stringify(reply.body)}`);
  };
  await sent('POST', '/resource_providers', { uuid, name: uuid, parent_provider_uuid: parent });
  const inventories = total === null ? {} : { VCPU: { total } };
  const body = { resource_provider_generation: 0, inventories };
  if (total !== null) await sent('PUT', `/resource_providers/${uuid}/inventories`, body);
  return uuid;
}

type Keys = Omit<World, 'snapshots'>;

/** The generations of all providers of the tree. */
function listOf(root: string, { registers, counters }: Keys): Look {
  interface Listed {
    readonly resource_providers: readonly { readonly uuid: string; readonly generation: number }[];
  }
  return {
    key: root,
    path: `/resource_providers?in_tree=${root}`,
    seen(body) {
      const found = new Map(
        (body as Listed).resource_providers.map(({ uuid, generation }) => [uuid, generation] as const),
      );
      const generationOf = (key: string): { key: string; generation: number } => ({
        key,
        generation: there(found.get(key)),
      });
      return [
        ...registers.map((key): Seen => ({ op: 'read', ...generationOf(key) })),
        ...counters.map((key): Seen => ({ op: 'usage', ...generationOf(key) })),
      ];
    },
  };
}

/** The totals of the registers and the usages of the counters: one candidate brings the summaries of the whole tree. */
function candidatesOf(root: string, { registers, counters }: Keys): Look {
  interface Candidates {
    readonly provider_summaries: Record<string, { readonly resources: Record<string, Summary> }>;
  }
  interface Summary {
    readonly used: number;
    readonly capacity: number;
  }
  return {
    key: root,
    path: `/allocation_candidates?resources=VCPU:1&in_tree=${root}&limit=1`,
    seen(body) {
      const { provider_summaries: summaries } = body as Candidates;
      const summaryOf = (key: string): Summary => there(summaries[key]?.resources['VCPU']);
      return [
        ...registers.map((key): Seen => ({ op: 'read', key, value: String(summaryOf(key).capacity) })),
        ...counters.map((key): Seen => {
          const { used, capacity } = summaryOf(key);
          return { op: 'usage', key, used, capacity };
        }),
      ];
    },
  };
}

/** The generations of all consumers and what they have. */
function consumersOf({ host, consumers }: Keys): Look {
  interface Allocations {
    readonly allocations: Record<string, { consumer_generation: number; resources: Record<string, number> }>;
  }
  return {
    key: host,
    path: `/resource_providers/${host}/allocations`,
    seen(body) {
      const { allocations } = body as Allocations;
      return consumers.map((key): Seen => {
        const { consumer_generation: generation, resources } = allocations[key] ?? NO_CONSUMER;
        return { op: 'read', key, generation, value: String(resources['VCPU'] ?? '') };
      });
    },
  };
}

const NO_CONSUMER = { consumer_generation: 0, resources: {} as Record<string, number> };

function there<T>(found: T | undefined): T {
  if (found === undefined) throw new TypeError('the response leaves something out');
  return found;
}
