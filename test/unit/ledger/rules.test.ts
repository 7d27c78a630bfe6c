import assert from 'node:assert/strict';
import fc from 'fast-check';
import { checkRoom, inventoriesAfter, type NewAllocation, providersToBump } from '../../../src/ledger/rules.js';
import type { InventoryNumbers } from '../../../src/domain/inventory.js';
import { atOnce } from '../../../src/slices.js';
import { inventoryKey, type Claim, type HeldAllocation, type LockedState } from '../../../src/ledger/model.js';

const numRuns = Number(process.env['FAST_CHECK_RUNS'] ?? 600);
const PROVIDERS = [1, 2];
const CLASSES = [0, 1];
/** The last one is not of the request: what it holds stays. */
const CONSUMERS = [1, 2, 3];
const NAMED = [1, 2];

interface Case {
  readonly inventories: readonly Inventory[];
  /** Of all consumers. */
  readonly held: readonly HeldAllocation[];
  /** Of those that the request names. */
  readonly wanted: readonly HeldAllocation[];
}
interface Inventory extends InventoryNumbers {
  readonly providerId: number;
  readonly classId: number;
}

const small = fc.integer({ min: 1, max: 6 });
const inventory = (providerId: number, classId: number): fc.Arbitrary<Inventory> =>
  fc.record({
    ...{ providerId: fc.constant(providerId), classId: fc.constant(classId) },
    ...{ total: fc.integer({ min: 1, max: 12 }), reserved: fc.integer({ min: 0, max: 3 }) },
    ...{
      min_unit: fc.constantFrom(1, 1, 2),
      max_unit: fc.constantFrom(3, 6, 100),
      step_size: fc.constantFrom(1, 1, 2),
    },
    allocation_ratio: fc.constantFrom(1, 1, 0.5, 1.5),
  });
const amounts = (consumers: readonly number[]): fc.Arbitrary<HeldAllocation[]> =>
  fc
    .array(
      fc.record({
        consumerId: fc.constantFrom(...consumers),
        providerId: fc.constantFrom(...PROVIDERS),
        classId: fc.constantFrom(...CLASSES),
        used: small,
      }),
      { maxLength: 5 },
    )
    .map((all) => [...new Map(all.map((one) => [keyOf(one), one])).values()]);
const cases: fc.Arbitrary<Case> = fc.record({
  inventories: fc
    .tuple(...PROVIDERS.flatMap((provider) => CLASSES.map((one) => fc.option(inventory(provider, one), { freq: 8 }))))
    .map((all) => all.filter((one) => one !== null)),
  held: amounts(CONSUMERS),
  wanted: amounts(NAMED),
});

function keyOf({ consumerId, providerId, classId }: HeldAllocation): string {
  return `${consumerId} ${providerId} ${classId}`;
}

function stateOf({ inventories, held }: Case): LockedState {
  // An allocation needs an inventory.
  const there = held.filter((one) => inventories.some((inventory) => isOf(inventory, one)));
  return {
    consumers: new Map(NAMED.map((id) => [`consumer ${id}`, { id, generation: 0 }])),
    providers: new Map(PROVIDERS.map((id) => [`provider ${id}`, { id, generation: 0 }])),
    classes: new Map(CLASSES.map((id) => [`class ${id}`, id])),
    inventories: new Map(
      inventories.map((one) => [
        inventoryKey(one.providerId, one.classId),
        {
          ...{ ...one, className: `class ${one.classId}` },
          used: sum(there.filter((other) => isOf(one, other))),
        },
      ]),
    ),
    held: there.filter(({ consumerId }) => NAMED.includes(consumerId)),
    ...{ projects: new Map(), users: new Map(), consumerTypes: new Map() },
  };
}

function isOf(one: Pick<HeldAllocation, 'providerId' | 'classId'>, other: HeldAllocation): boolean {
  return one.providerId === other.providerId && one.classId === other.classId;
}

function sum(all: readonly HeldAllocation[]): number {
  return all.reduce((total, { used }) => total + used, 0);
}

function rows({ wanted }: Case): NewAllocation[] {
  return wanted.map(({ consumerId, ...row }) => ({ ...row, consumerUuid: `consumer ${consumerId}` }));
}

/** The rules as docs/contract/semantics.md states them, over whole worlds before and after: slow, and without any of the code's shortcuts. */
function isAllowed({ inventories, wanted }: Case, before: readonly HeldAllocation[]): boolean {
  const after = [...before.filter(({ consumerId }) => !NAMED.includes(consumerId)), ...wanted];
  const swaps = [...before];
  for (const one of wanted) {
    const inventory = inventories.find((other) => isOf(other, one));
    if (inventory === undefined) return false;
    const { total, reserved, min_unit, max_unit, step_size, allocation_ratio } = inventory;
    const [used, usedBefore] = [after, before].map((all) => sum(all.filter((other) => isOf(one, other)))) as [
      number,
      number,
    ];
    if (used > (total - reserved) * allocation_ratio && used > usedBefore) return false;
    if (one.used >= min_unit && one.used <= max_unit && one.used % step_size === 0) continue;
    if (before.some((held) => keyOf(held) === keyOf(one) && held.used >= one.used)) continue;
    // The least amount that is enough, of a consumer of the request that has nothing of this inventory afterwards; each serves one.
    const [swap] = swaps
      .filter((held) => isOf(one, held) && NAMED.includes(held.consumerId) && held.used >= one.used)
      .filter((held) => !wanted.some((other) => keyOf(other) === keyOf(held)))
      .sort((a, b) => a.used - b.used);
    if (swap === undefined) return false;
    swaps.splice(swaps.indexOf(swap), 1);
  }
  return true;
}

function worldOf(one: Case): HeldAllocation[] {
  return one.held.filter((held) => one.inventories.some((inventory) => isOf(inventory, held)));
}

describe('the rules of the ledger, random worlds', () => {
  it('allow what the naive reading of the contract allows, and reject the rest with 409', () => {
    let [allowed, rejected] = [0, 0];
    fc.assert(
      fc.property(cases, (one) => {
        let status = 204;
        try {
          atOnce(checkRoom(rows(one), stateOf(one)));
        } catch (error) {
          status = (error as { status: number }).status;
        }
        assert.equal(status, isAllowed(one, worldOf(one)) ? 204 : 409);
        if (status === 204) allowed++;
        else rejected++;
      }),
      { numRuns },
    );
    assert.ok(allowed > numRuns / 20 && rejected > numRuns / 20, `${allowed} allowed, ${rejected} rejected`);
  });

  it('never let usage grow beyond capacity, and say what usage will be', () => {
    fc.assert(
      fc.property(cases, (one) => {
        const state = stateOf(one);
        const after = atOnce(inventoriesAfter(rows(one), state));
        const world = [...worldOf(one).filter(({ consumerId }) => !NAMED.includes(consumerId)), ...one.wanted];
        for (const inventory of after.values()) {
          assert.equal(inventory.used, sum(world.filter((other) => isOf(inventory, other))));
        }
        fc.pre(isAllowed(one, worldOf(one)));
        for (const [key, { used, total, reserved, allocation_ratio }] of after) {
          assert.ok(used <= (total - reserved) * allocation_ratio || used <= (state.inventories.get(key)?.used ?? 0));
        }
      }),
      { numRuns },
    );
  });

  it('let the generation grow of providers that are named, and of those that a removed consumer held', () => {
    fc.assert(
      fc.property(cases, (one) => {
        const state = stateOf(one);
        const claims: Claim[] = NAMED.map((id) => ({
          ...{
            consumerUuid: `consumer ${id}`,
            projectId: 'p',
            userId: 'u',
            consumerType: null,
            consumerGeneration: 'any',
          },
          allocations: one.wanted
            .filter(({ consumerId }) => consumerId === id)
            .map(({ providerId, classId, used }) => ({
              providerUuid: `provider ${providerId}`,
              resources: new Map([[`class ${classId}`, used]]),
            })),
        }));
        const expected = PROVIDERS.filter((id) => {
          const isNamed = one.wanted.some(({ providerId }) => providerId === id);
          const isLeft = state.held.some(
            ({ consumerId, providerId }) =>
              providerId === id && !one.wanted.some((wanted) => wanted.consumerId === consumerId),
          );
          return isNamed || isLeft;
        });
        assert.deepEqual(atOnce(providersToBump(claims, rows(one), state)).sort(), expected);
      }),
      { numRuns },
    );
  });
});
