import assert from 'node:assert/strict';
import type { CapacityDocument } from '../../../src/capacity/document.js';
import { capacityOf } from '../../support/capacity.js';
import { buildWorld } from '../../support/topology-world.js';

const SHARES = 'MISC_SHARES_VIA_AGGREGATE';
const AZ1 = 'a1000000-0000-4000-8000-000000000001';
const AZ2 = 'a2000000-0000-4000-8000-000000000002';

/** The hosts of docs/contract/explain-and-capacity.md. */
const W = buildWorld({
  h1: {
    inventory: { VCPU: { total: 16, used: 12 }, MEMORY_MB: { total: 65536, used: 49152 } },
    traits: ['HW_CPU_X86_AVX2', 'CUSTOM_SSD'],
    aggregates: [AZ1],
  },
  h2: { inventory: { VCPU: 16, MEMORY_MB: 65536 }, traits: ['HW_CPU_X86_AVX2'], aggregates: [AZ1] },
  h3: {
    inventory: { VCPU: { total: 16, used: 4 }, MEMORY_MB: { total: 65536, used: 57344 } },
    traits: ['HW_CPU_X86_AVX2', 'CUSTOM_SSD'],
    aggregates: [AZ2],
  },
  h4: {
    inventory: { VCPU: { total: 32, maxUnit: 4 }, MEMORY_MB: 131072 },
    traits: ['CUSTOM_SSD', 'COMPUTE_STATUS_DISABLED'],
    aggregates: [AZ1],
  },
});

const root = (name: string) => ({ name, uuid: name });

describe('capacity, worked examples', () => {
  it('says how many fit in world W, where, and what limits them', () => {
    assert.deepEqual(capacityOf(W, 'resources=VCPU:2,MEMORY_MB:4096'), {
      version: '1.39',
      count: { at_least: 28, at_most: 28 },
      exact: true,
      trees: { all: 4, relevant: 4, fitting: 4 },
      limits: [
        { condition: 'resources.VCPU', trees: 3 },
        { condition: 'resources.MEMORY_MB', trees: 1 },
      ],
      if_pooled: 32,
      by_aggregate: [
        { aggregate: AZ1, at_least: 26, at_most: 26 },
        { aggregate: AZ2, at_least: 2, at_most: 2 },
      ],
      by_tree: [
        { root: root('h4'), at_least: 16, at_most: 16, limits: ['resources.VCPU'] },
        { root: root('h2'), at_least: 8, at_most: 8, limits: ['resources.VCPU'] },
        { root: root('h1'), at_least: 2, at_most: 2, limits: ['resources.VCPU'] },
        { root: root('h3'), at_least: 2, at_most: 2, limits: ['resources.MEMORY_MB'] },
      ],
      complete: true,
    });
  });

  it('counts what pools give once, and says which of them are full', () => {
    const world = buildWorld({
      a: { inventory: { VCPU: 8 }, aggregates: ['A'] },
      b: { inventory: { VCPU: 8 }, aggregates: ['B'] },
      p1: { inventory: { DISK_GB: 100 }, traits: [SHARES], aggregates: ['A'] },
      p2: { inventory: { DISK_GB: 100 }, traits: [SHARES], aggregates: ['A', 'B'] },
    });
    const found = capacityOf(world, 'resources=VCPU:1,DISK_GB:20');
    assert.deepEqual([found.count, found.exact], [{ at_least: 10, at_most: 10 }, true]);
    assert.deepEqual(
      found.by_tree.map((tree) => [tree.root.name, tree.at_least, tree.at_most]),
      [
        ['a', 8, 8],
        ['b', 5, 5],
      ],
    );
    assert.deepEqual(found.shared, [
      { provider: root('p1'), condition: 'resources.DISK_GB' },
      { provider: root('p2'), condition: 'resources.DISK_GB' },
    ]);
    // Host a alone has both pools, and b the second.
    assert.deepEqual(found.by_aggregate, [
      { aggregate: 'A', at_least: 8, at_most: 8 },
      { aggregate: 'B', at_least: 5, at_most: 5 },
    ]);
  });

  const granular = buildWorld({
    cn: { inventory: { VCPU: 16 } },
    pf1: { parent: 'cn', inventory: { VF: 8 } },
    pf2: { parent: 'cn', inventory: { VF: 3 } },
  });
  for (const [policy, count] of [
    ['isolate', 3],
    ['none', 5],
  ] as const) {
    it(`places pairs of virtual functions, ${policy}`, () => {
      const query = `resources=VCPU:1&resources_1=VF:1&resources_2=VF:1&group_policy=${policy}`;
      const found = capacityOf(granular, query);
      assert.deepEqual([found.count, found.exact], [{ at_least: count, at_most: count }, true]);
      assert.deepEqual(found.by_tree[0]?.limits, ['resources_1.VF', 'resources_2.VF']);
    });
  }

  it('names each condition once when several proofs agree', () => {
    const world = buildWorld({
      cn: {},
      c1: { parent: 'cn', inventory: { VF: 1 } },
      c2: { parent: 'cn', inventory: { VF: 1 } },
    });
    const found = capacityOf(world, 'resources_1=VF:1&resources_2=VF:1&group_policy=isolate');
    assert.deepEqual(found.by_tree[0]?.limits, ['resources_1.VF', 'resources_2.VF']);
    assert.deepEqual(found.limits, [
      { condition: 'resources_1.VF', trees: 1 },
      { condition: 'resources_2.VF', trees: 1 },
    ]);
  });

  const hard = buildWorld({
    cn: {},
    ...Object.fromEntries([1, 2, 3, 4].map((i) => [`x${i}`, { parent: 'cn', inventory: { X: 6 } }])),
  });
  const HARD = 'resources_1=X:3&resources_2=X:4&group_policy=none';

  it('gives bounds where the number is hard to find', () => {
    const found = capacityOf(hard, HARD);
    assert.deepEqual([found.count, found.exact, found.complete], [{ at_least: 2, at_most: 3 }, false, true]);
  });

  it('constructs no more when enough are sure, and its proofs stay true', () => {
    const child = (parent: string) => ({ parent, inventory: { X: 6 } });
    const two = buildWorld({
      a: {},
      a1: child('a'),
      a2: child('a'),
      b: {},
      b1: child('b'),
      b2: { parent: 'b', inventory: { X: 7 } },
    });
    const query = 'resources_1=X:3&resources_2=X:4&group_policy=none';
    const all = capacityOf(two, query);
    assert.deepEqual([all.count, all.complete], [{ at_least: 2, at_most: 2 }, true]);
    const first = capacityOf(two, query, { enough: 1 });
    assert.deepEqual([first.count, first.complete], [{ at_least: 1, at_most: 2 }, false]);
  });

  it('says when its bound ended it', () => {
    const found: CapacityDocument = capacityOf(hard, HARD, { maxSteps: 20 });
    assert.equal(found.complete, false);
    assert.ok(found.count.at_least <= 2 && found.count.at_most >= 2);
  });
});
