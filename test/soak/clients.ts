import { randomUUID } from 'node:crypto';
import { setTimeout } from 'node:timers/promises';
import { holding, NOTHING, type Book, type Holding } from './book.js';
import { HOST_INVENTORIES, type Host } from './cloud.js';
import type { Journal, Talk } from './talk.js';

export interface Scene {
  readonly talk: Talk;
  readonly journal: Journal;
  readonly book: Book;
  readonly hosts: readonly Host[];
  readonly until: AbortSignal;
}

type Allocations = Record<string, { resources: Record<string, number> }>;

interface Instance {
  readonly consumer: string;
  generation: number;
  allocations: Allocations;
}

/** What these clients write is in no other project. */
export const PROJECTS = ['red', 'green', 'blue'];
const LARGEST_FLEET = 40;

const pick = <T>(list: readonly T[]): T => list[Math.floor(Math.random() * list.length)]!;
const between = (least: number, most: number): number => least + Math.floor(Math.random() * (most - least + 1));

/**
 * A scheduler and the conductor behind it: asks for candidates, claims one, looks at it from another service, moves it as a
 * live migration does, and deletes it. It alone writes about its instances, so it knows the last response.
 */
async function scheduler(at: number, { talk, journal, book, until }: Scene): Promise<void> {
  const project = pick(PROJECTS);
  const owner = { project_id: project, user_id: `user-of-${project}` };
  const fleet: Instance[] = [];

  async function candidate(): Promise<Allocations | null> {
    const query = [
      `resources=VCPU:${between(1, 4)},MEMORY_MB:${512 * between(1, 4)},DISK_GB:${between(1, 20)}`,
      ...(Math.random() < 0.4 ? ['resources_NET=SRIOV_NET_VF:1', 'group_policy=none'] : []),
      'limit=10',
    ].join('&');
    const { body, lost } = await talk(at, 'GET candidates', 'GET', `/allocation_candidates?${query}`, {
      expected: [200],
    });
    if (lost) return null;
    const { allocation_requests: found } = body as { allocation_requests: { allocations: Allocations }[] };
    return found.length === 0 ? null : pick(found).allocations;
  }

  /** Writes down what a change came to. @returns whether it was made */
  function settle(change: Map<string, { before: Holding; after: Holding }>, status: number, lost: boolean): boolean {
    if (lost) {
      for (const consumer of change.keys()) {
        book.known.delete(consumer);
        fleet.splice(0, fleet.length, ...fleet.filter((one) => one.consumer !== consumer));
      }
      book.unknown.push(change);
      return false;
    }
    if (status === 204) for (const [consumer, { after }] of change) book.known.set(consumer, after);
    return status === 204;
  }

  async function boot(): Promise<void> {
    const allocations = await candidate();
    if (allocations === null) return;
    const consumer = randomUUID();
    const { status, lost } = await talk(at, 'PUT claim', 'PUT', `/allocations/${consumer}`, {
      body: { allocations, ...owner, consumer_generation: null, consumer_type: 'INSTANCE' },
      expected: [204, 409],
    });
    if (!settle(new Map([[consumer, { before: NOTHING, after: holding(allocations) }]]), status, lost)) return;
    fleet.push({ consumer, generation: 1, allocations });
    await look(consumer, holding(allocations));
  }

  /** What one service has acknowledged, every other returns. */
  async function look(consumer: string, expected: Holding): Promise<void> {
    const { body, lost } = await talk(at + 1, 'GET allocations', 'GET', `/allocations/${consumer}`, {
      expected: [200],
    });
    if (lost) return;
    const found = holding((body as { allocations: Allocations }).allocations);
    if (found !== expected) journal.violations.push(`read after write: ${consumer} has ${found}, expected ${expected}`);
  }

  /** The old host's allocations go to a consumer of the migration, the instance gets those of the new host, at once. */
  async function migrate(instance: Instance): Promise<void> {
    const allocations = await candidate();
    if (allocations === null) return;
    const migration = randomUUID();
    const [old, target] = [holding(instance.allocations), holding(allocations)];
    const { status, lost } = await talk(at, 'POST move', 'POST', '/allocations', {
      body: {
        [migration]: {
          allocations: instance.allocations,
          ...owner,
          consumer_generation: null,
          consumer_type: 'MIGRATION',
        },
        [instance.consumer]: {
          allocations,
          ...owner,
          consumer_generation: instance.generation,
          consumer_type: 'INSTANCE',
        },
      },
      expected: [204, 409],
    });
    const change = new Map([
      [migration, { before: NOTHING, after: old }],
      [instance.consumer, { before: old, after: target }],
    ]);
    if (!settle(change, status, lost)) return;
    instance.generation++;
    instance.allocations = allocations;
    await remove(migration, old);
  }

  async function remove(consumer: string, before: Holding): Promise<void> {
    const { status, lost } = await talk(at, 'DELETE allocations', 'DELETE', `/allocations/${consumer}`, {
      expected: [204],
    });
    settle(new Map([[consumer, { before, after: NOTHING }]]), status, lost);
  }

  while (!until.aborted) {
    const instance = fleet.length === 0 ? undefined : pick(fleet);
    const dice = Math.random();
    if (instance === undefined || (dice < 0.55 && fleet.length < LARGEST_FLEET)) {
      await boot();
    } else if (dice < 0.75) {
      await migrate(instance);
    } else {
      fleet.splice(fleet.indexOf(instance), 1);
      await remove(instance.consumer, holding(instance.allocations));
    }
  }
}

/** The periodic task of compute nodes: looks at everything of its provider, and now and then reports its inventory again. */
async function computeNode(at: number, { talk, hosts, until }: Scene): Promise<void> {
  while (!until.aborted) {
    const { uuid } = pick(hosts);
    const path = `/resource_providers/${uuid}`;
    for (const part of ['', '/aggregates', '/traits', '/allocations', '/usages']) {
      await talk(at, `GET provider${part}`, 'GET', path + part, { expected: [200] });
    }
    const { body, lost } = await talk(at, 'GET inventories', 'GET', `${path}/inventories`, { expected: [200] });
    if (!lost && Math.random() < 0.3) {
      const { resource_provider_generation } = body as { resource_provider_generation: number };
      await talk(at, 'PUT inventories', 'PUT', `${path}/inventories`, {
        body: { resource_provider_generation, inventories: HOST_INVENTORIES },
        expected: [200, 409],
      });
    }
    await setTimeout(5);
  }
}

/** Dashboards and people: lists, filters, usages of projects, a reshape that changes nothing. */
async function operator(at: number, { talk, hosts, until }: Scene): Promise<void> {
  while (!until.aborted) {
    const get = (path: string) => talk(at, `GET ${path.split('?')[0] ?? ''}`, 'GET', path, { expected: [200] });
    await get('/resource_providers?resources=VCPU:4');
    await get(`/resource_providers?in_tree=${pick(hosts).uuid}`);
    await get(`/usages?project_id=${pick(PROJECTS)}`);
    await get('/traits?associated=true');
    const { uuid } = pick(hosts);
    const { body, lost } = await talk(at, 'GET provider', 'GET', `/resource_providers/${uuid}`, { expected: [200] });
    if (!lost) {
      const { generation } = body as { generation: number };
      await talk(at, 'POST reshaper', 'POST', '/reshaper', {
        body: {
          inventories: { [uuid]: { resource_provider_generation: generation, inventories: HOST_INVENTORIES } },
          allocations: {},
        },
        expected: [204, 409],
      });
    }
    await setTimeout(20);
  }
}

/** Schedulers, half as many compute nodes, and an operator. */
export function startNova(scene: Omit<Scene, 'until'>, schedulers: number): { stop(): Promise<void> } {
  const stop = new AbortController();
  const active = { ...scene, until: stop.signal };
  const all = Promise.all([
    ...Array.from({ length: schedulers }, (_, at) => scheduler(at, active)),
    ...Array.from({ length: Math.ceil(schedulers / 2) }, (_, at) => computeNode(at, active)),
    operator(0, active),
  ]);
  // Its failure is told when it is stopped.
  all.catch(() => undefined);
  return {
    async stop() {
      stop.abort();
      await all;
    },
  };
}
