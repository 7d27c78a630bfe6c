import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import fc from 'fast-check';
import { createProvider, setInventories, startTestService, type TestService } from '../support/service.js';

const TRAITS = ['HW_CPU_X86_AVX', 'HW_CPU_X86_SSE', 'STORAGE_DISK_SSD'];
const AGGREGATES = [randomUUID(), randomUUID(), randomUUID()];
const CLASSES = ['VCPU', 'MEMORY_MB'];

interface Inventory {
  total: number;
  reserved: number;
  min_unit: number;
  max_unit: number;
  step_size: number;
  allocation_ratio: number;
}

interface Member {
  readonly name: string;
  readonly uuid: string;
  readonly root: string;
  readonly traits: readonly string[];
  readonly aggregates: readonly string[];
  readonly inventories: Readonly<Record<string, Inventory>>;
}

interface Filter {
  readonly resources: Readonly<Record<string, number>>;
  readonly required: readonly { anyOf: readonly string[]; forbidden: boolean }[];
  readonly memberOf: readonly { anyOf: readonly string[]; forbidden: boolean }[];
  /** Index of a provider. */
  readonly inTree: number | null;
}

const inventory: fc.Arbitrary<Inventory> = fc.record({
  total: fc.integer({ min: 1, max: 8 }),
  reserved: fc.constantFrom(0, 0, 1),
  min_unit: fc.constantFrom(1, 1, 2),
  max_unit: fc.constantFrom(8, 4),
  step_size: fc.constantFrom(1, 1, 2),
  allocation_ratio: fc.constantFrom(1, 1, 1.5, 2),
});
const world = fc.array(
  fc.record({
    parent: fc.option(fc.nat({ max: 4 })),
    traits: fc.subarray(TRAITS),
    aggregates: fc.subarray(AGGREGATES),
    inventories: fc.dictionary(fc.constantFrom(...CLASSES), inventory),
  }),
  { minLength: 2, maxLength: 6 },
);
const terms = (values: readonly string[]) =>
  fc.array(fc.record({ anyOf: fc.subarray([...values], { minLength: 1 }), forbidden: fc.boolean() }), { maxLength: 2 });
const filter: fc.Arbitrary<Filter> = fc.record({
  resources: fc.dictionary(fc.constantFrom(...CLASSES), fc.integer({ min: 1, max: 12 })),
  required: terms(TRAITS),
  memberOf: terms(AGGREGATES),
  inTree: fc.option(fc.nat({ max: 5 }), { freq: 3 }),
});

/** The contract in its plainest form: each provider alone, every filter. */
function matches(
  member: Member,
  { resources, required, memberOf, inTree }: Filter,
  members: readonly Member[],
): boolean {
  const holds = (owned: readonly string[]) => (term: { anyOf: readonly string[]; forbidden: boolean }) =>
    term.anyOf.some((value) => owned.includes(value)) !== term.forbidden;
  return (
    Object.entries(resources).every(([name, amount]) => {
      const has = member.inventories[name];
      if (has === undefined) return false;
      const fits = amount >= has.min_unit && amount <= has.max_unit && amount % has.step_size === 0;
      return fits && amount <= (has.total - has.reserved) * has.allocation_ratio;
    }) &&
    required.every(holds(member.traits)) &&
    memberOf.every(holds(member.aggregates)) &&
    (inTree === null || member.root === members[inTree % members.length]?.root)
  );
}

function toQuery({ resources, required, memberOf, inTree }: Filter, members: readonly Member[]): string {
  const query: string[] = [];
  const amounts = Object.entries(resources);
  if (amounts.length > 0) query.push(`resources=${amounts.map(([name, amount]) => `${name}:${amount}`).join()}`);
  // Forbidden traits are written one by one; `in:` takes none.
  for (const { anyOf, forbidden } of required) {
    query.push(`required=${forbidden ? anyOf.map((name) => `!${name}`).join() : `in:${anyOf.join()}`}`);
  }
  for (const { anyOf, forbidden } of memberOf) query.push(`member_of=${forbidden ? '!' : ''}in:${anyOf.join()}`);
  if (inTree !== null) query.push(`in_tree=${members[inTree % members.length]?.uuid ?? ''}`);
  return query.join('&');
}

describe('filters of the list of providers, over random worlds', () => {
  let test: TestService;
  before(async () => {
    test = await startTestService();
  });
  after(() => test.close());

  async function build(blueprint: Parameters<Parameters<typeof world.map>[0]>[0]): Promise<Member[]> {
    const { body } = await test.api.get('/resource_providers').expect(200);
    // Children come after their parents in the list.
    for (const { uuid } of body.resource_providers.reverse()) {
      await test.api.delete(`/resource_providers/${uuid}`).expect(204);
    }
    const members: Member[] = [];
    for (const { parent, traits, aggregates, inventories } of blueprint) {
      const above = parent === null ? undefined : members[parent];
      const name = `w-${randomUUID()}`;
      const uuid = await createProvider(test.api, name, above?.uuid);
      const path = `/resource_providers/${uuid}`;
      const generation = await setInventories(test.api, uuid, inventories);
      await test.api.put(`${path}/aggregates`, aggregates, '1.18').expect(200);
      await test.api.put(`${path}/traits`, { traits, resource_provider_generation: generation }).expect(200);
      members.push({ name, uuid, root: above?.root ?? uuid, traits, aggregates, inventories: { ...inventories } });
    }
    return members;
  }

  it('find exactly what a filter of one line a rule finds', async () => {
    await fc.assert(
      fc.asyncProperty(world, fc.array(filter, { minLength: 15, maxLength: 20 }), async (blueprint, filters) => {
        const members = await build(blueprint);
        for (const wanted of filters) {
          const query = toQuery(wanted, members);
          const { body } = await test.api.get(`/resource_providers?${query}`).expect(200);
          const found = body.resource_providers.map(({ name }: { name: string }) => name).sort();
          const expected = members.filter((member) => matches(member, wanted, members)).map(({ name }) => name);
          assert.deepEqual(found, expected.sort(), query);
        }
      }),
      { numRuns: 10 },
    );
  });
});
