import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import fc from 'fast-check';
import type { Change, ObjectState } from '../../src/history/model.js';
import { changesSince, historyNow } from '../support/history.js';
import { startTestService, type Api, type TestService } from '../support/service.js';

const RUNS = Number(process.env['FAST_CHECK_RUNS'] ?? 6);
const HOSTS = 3;
const CONSUMERS = 3;

/** What a reader of the stream knows, in the form of what the API shows. */
class Copy {
  readonly providers = new Map<string, ObjectState>();
  readonly inventories = new Map<string, ObjectState>();
  readonly sets = new Map<string, Set<string>>();
  readonly allocations = new Map<string, ObjectState>();

  apply({ kind, name, provider, consumer, before, after }: Change): void {
    const uuid = provider?.uuid ?? '';
    if (kind === 'provider') put(this.providers, uuid, before, after);
    if (kind === 'inventory') put(this.inventories, `${uuid} ${name}`, before, after);
    if (kind === 'allocations') put(this.allocations, `${consumer?.uuid} ${uuid}`, before, after);
    if (kind === 'traits' || kind === 'aggregates') {
      const key = `${kind} ${uuid}`;
      const set = this.sets.get(key) ?? new Set();
      for (const one of after?.['added'] as string[]) assert.ok(!set.has(one) && set.add(one), `${one} is new`);
      for (const one of after?.['removed'] as string[]) assert.ok(set.delete(one), `${one} was there`);
      this.sets.set(key, set);
    }
  }
}

function put(map: Map<string, ObjectState>, key: string, before: ObjectState | null, after: ObjectState | null): void {
  assert.deepEqual(map.get(key) ?? null, before, `what ${key} was before`);
  if (after === null) map.delete(key);
  else map.set(key, after);
}

/** Any request; most are rejected for one reason or another, and must then leave nothing. */
const operation = fc.oneof(
  fc.record({ what: fc.constant('create' as const), host: fc.nat(HOSTS - 1), parent: fc.option(fc.nat(HOSTS - 1)) }),
  fc.record({
    what: fc.constant('rename' as const),
    host: fc.nat(HOSTS - 1),
    name: fc.nat(2),
    parent: fc.option(fc.nat(HOSTS - 1)),
  }),
  fc.record({ what: fc.constant('remove' as const), host: fc.nat(HOSTS - 1) }),
  fc.record({ what: fc.constant('stock' as const), host: fc.nat(HOSTS - 1), vcpu: fc.nat(4), memory: fc.nat(4) }),
  fc.record({ what: fc.constant('traits' as const), host: fc.nat(HOSTS - 1), bits: fc.nat(7) }),
  fc.record({ what: fc.constant('aggregates' as const), host: fc.nat(HOSTS - 1), bits: fc.nat(7) }),
  fc.record({
    what: fc.constant('claim' as const),
    consumer: fc.nat(CONSUMERS - 1),
    host: fc.nat(HOSTS - 1),
    vcpu: fc.nat(2),
    memory: fc.nat(2),
  }),
  fc.record({ what: fc.constant('move' as const), consumer: fc.nat(CONSUMERS - 1), host: fc.nat(HOSTS - 1) }),
  fc.record({ what: fc.constant('end' as const), consumer: fc.nat(CONSUMERS - 1) }),
);
type Operation = typeof operation extends fc.Arbitrary<infer T> ? T : never;

const TRAITS = ['HW_CPU_X86_AVX', 'HW_CPU_X86_SSE', 'HW_CPU_X86_MMX'];
const chosen = <T>(items: readonly T[], bits: number): T[] => items.filter((_, i) => (bits & (1 << i)) !== 0);

describe('A copy of the state that follows the changes', () => {
  let test: TestService;
  before(async () => {
    test = await startTestService();
    await historyNow(test.api);
  });
  after(() => test.close());

  it('is the state that the API shows, after any requests', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(operation, { minLength: 15, maxLength: 30 }), async (operations) => {
        const hosts = Array.from({ length: HOSTS }, () => randomUUID() as string);
        const consumers = Array.from({ length: CONSUMERS }, () => randomUUID() as string);
        const aggregates = TRAITS.map(() => randomUUID() as string);
        const since = await historyNow(test.api);
        for (const one of operations) await perform(test.api, one, hosts, consumers, aggregates);
        const copy = new Copy();
        for (const change of await changesSince(test.api, since, 'limit=7')) copy.apply(change);
        await compare(test.api, copy, hosts, consumers);
      }),
      { numRuns: RUNS },
    );
  });
});

async function generationOf(api: Api, path: string, member: string): Promise<number | null> {
  const { body, status } = await api.get(path);
  return status === 200 ? ((body as Record<string, number | undefined>)[member] ?? null) : null;
}

/** The status of the response is the service's business. */
async function perform(
  api: Api,
  one: Operation,
  hosts: string[],
  consumers: string[],
  aggregates: string[],
): Promise<void> {
  const host = 'host' in one ? (hosts[one.host] ?? '') : '';
  const at = `/resource_providers/${host}`;
  const consumer = 'consumer' in one ? (consumers[one.consumer] ?? '') : '';
  const generation = host === '' ? null : await generationOf(api, at, 'generation');
  const known = consumer === '' ? null : await generationOf(api, `/allocations/${consumer}`, 'consumer_generation');
  const owner = { project_id: 'p1', user_id: 'u1', consumer_type: 'INSTANCE', consumer_generation: known };
  switch (one.what) {
    case 'create': {
      const parent = one.parent === null ? {} : { parent_provider_uuid: hosts[one.parent] };
      await api.post('/resource_providers', { uuid: host, name: host, ...parent });
      break;
    }
    case 'rename':
      await api.put(at, {
        name: `${host} ${one.name}`,
        parent_provider_uuid: one.parent === null ? null : hosts[one.parent],
      });
      break;
    case 'remove':
      await api.delete(at);
      break;
    case 'stock':
      await api.put(`${at}/inventories`, {
        resource_provider_generation: generation ?? 0,
        inventories: {
          ...(one.vcpu === 0 ? {} : { VCPU: { total: one.vcpu * 4 } }),
          ...(one.memory === 0 ? {} : { MEMORY_MB: { total: one.memory * 4 } }),
        },
      });
      break;
    case 'traits':
      await api.put(`${at}/traits`, {
        resource_provider_generation: generation ?? 0,
        traits: chosen(TRAITS, one.bits),
      });
      break;
    case 'aggregates':
      await api.put(`${at}/aggregates`, {
        resource_provider_generation: generation ?? 0,
        aggregates: chosen(aggregates, one.bits),
      });
      break;
    case 'claim': {
      const resources = {
        ...(one.vcpu === 0 ? {} : { VCPU: one.vcpu }),
        ...(one.memory === 0 ? {} : { MEMORY_MB: one.memory }),
      };
      const allocations = Object.keys(resources).length === 0 ? {} : { [host]: { resources } };
      await api.put(`/allocations/${consumer}`, { ...owner, allocations });
      break;
    }
    case 'move':
      await api.post('/allocations', { [consumer]: { ...owner, allocations: { [host]: { resources: { VCPU: 1 } } } } });
      break;
    case 'end':
      await api.delete(`/allocations/${consumer}`);
      break;
  }
}

async function compare(api: Api, copy: Copy, hosts: string[], consumers: string[]): Promise<void> {
  for (const host of hosts) {
    const { body, status } = await api.get(`/resource_providers/${host}`);
    const shown = body as { name: string; parent_provider_uuid: string | null };
    assert.deepEqual(
      copy.providers.get(host) ?? null,
      status === 404 ? null : { name: shown.name, parent_provider_uuid: shown.parent_provider_uuid },
    );
    if (status === 404) continue;
    const read = async (what: string): Promise<unknown> =>
      ((await api.get(`/resource_providers/${host}/${what}`).expect(200)).body as Record<string, unknown>)[what];
    const inventories = Object.fromEntries(
      [...copy.inventories].filter(([key]) => key.startsWith(host)).map(([key, value]) => [key.split(' ')[1], value]),
    );
    assert.deepEqual(inventories, await read('inventories'));
    for (const what of ['traits', 'aggregates'])
      assert.deepEqual([...(copy.sets.get(`${what} ${host}`) ?? [])].sort(), ((await read(what)) as string[]).sort());
  }
  for (const consumer of consumers) {
    const { body } = await api.get(`/allocations/${consumer}`).expect(200);
    const shown = (body as { allocations: Record<string, { resources: ObjectState }> }).allocations;
    const ours = [...copy.allocations]
      .filter(([key]) => key.startsWith(consumer))
      .map(([key, value]) => [key.split(' ')[1], value]);
    assert.deepEqual(
      Object.fromEntries(ours),
      Object.fromEntries(Object.entries(shown).map(([uuid, { resources }]) => [uuid, resources])),
    );
  }
  for (const key of copy.inventories.keys())
    assert.ok(copy.providers.has(key.split(' ')[0] ?? ''), 'no inventory is left of a provider that is gone');
}
