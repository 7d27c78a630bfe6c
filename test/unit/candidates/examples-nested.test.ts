import assert from 'node:assert/strict';
import { responses, summaries } from '../../support/candidates.js';
import { buildWorld, type WorldSpec } from '../../support/topology-world.js';

const NESTED: WorldSpec = {
  cn: { inventory: { VCPU: 8, MEMORY_MB: 1024 }, traits: ['CUSTOM_ROOT'], aggregates: ['A'] },
  pf1: { parent: 'cn', inventory: { VF: 4 }, traits: ['CUSTOM_PF1'] },
  pf2: { parent: 'cn', inventory: { VF: 2 }, traits: ['CUSTOM_PF2'], aggregates: ['B'] },
  flat: { inventory: { VCPU: 8, VF: 8 } },
};
const world = buildWorld(NESTED);

const PF1 = 'cn(VCPU:1) + pf1(VF:1)';
const PF2 = 'cn(VCPU:1) + pf2(VF:1)';
const FLAT = 'flat(VCPU:1, VF:1)';

function example(query: string, expected: string[], options = {}): void {
  it(query, () => {
    assert.deepEqual(responses(world, query, options), expected);
  });
}

describe('candidates, worked example E1: nested providers', () => {
  it('gives the classes of an unsuffixed group from several providers of a tree', () => {
    const query = 'resources=VCPU:1,VF:1';
    assert.deepEqual(responses(world, query, { mapped: true }), [
      `${PF1} {"": cn pf1}`,
      `${PF2} {"": cn pf2}`,
      `${FLAT} {"": flat}`,
    ]);
    assert.deepEqual(summaries(world, query), ['cn', 'flat', 'pf1', 'pf2']);
  });
  it('uses one provider a tree below 1.29', () => {
    assert.deepEqual(responses(world, 'resources=VCPU:1,VF:1', { nested: false }), [FLAT]);
    assert.deepEqual(summaries(world, 'resources=VCPU:1,VF:1', { nested: false }), ['flat']);
  });
  it('gives a single child below 1.29, and summarises no more', () => {
    assert.deepEqual(responses(world, 'resources=VF:1', { nested: false }), ['flat(VF:1)', 'pf1(VF:1)', 'pf2(VF:1)']);
    assert.deepEqual(summaries(world, 'resources=VF:1', { nested: false }), ['flat', 'pf1', 'pf2']);
    assert.deepEqual(summaries(world, 'resources=VF:1'), ['cn', 'flat', 'pf1', 'pf2']);
  });
  example('resources=VF:6 & in_tree=cn', []);
  example('resources=VF:3 & in_tree=pf2', ['pf1(VF:3)']);
  example('resources1=VCPU:1,VF:1', [FLAT]);
});

describe('candidates, worked example E2: traits', () => {
  example('resources=VCPU:1,VF:1 & required=CUSTOM_ROOT,CUSTOM_PF2', [PF2]);
  example('resources=VCPU:1,VF:1 & required=CUSTOM_PF1,CUSTOM_PF2', []);
  example('resources=VF:1 & required=CUSTOM_ROOT', []);
  example('resources=VF:1 & required=!CUSTOM_ROOT', ['flat(VF:1)', 'pf1(VF:1)', 'pf2(VF:1)']);
  example('resources=VCPU:1,VF:1 & required=!CUSTOM_PF1', [PF2, FLAT]);
  example('resources=VCPU:1,VF:1 & required=in:CUSTOM_PF1,CUSTOM_PF2 & required=!CUSTOM_PF1', [PF2]);
  example('resources1=VF:1 & required1=CUSTOM_ROOT', []);
});

describe('candidates, worked example E3: aggregates', () => {
  example('resources=VF:1 & member_of=A', ['pf1(VF:1)', 'pf2(VF:1)']);
  example('resources1=VF:1 & member_of1=A', []);
  example('resources=VCPU:1,VF:1 & member_of=B', []);
  example('resources=VF:1 & member_of=A & member_of=B', []);
  example('resources=VF:1 & member_of=!A', ['flat(VF:1)']);
  example('resources1=VF:1 & member_of1=!A', ['flat(VF:1)', 'pf1(VF:1)', 'pf2(VF:1)']);
  example('resources=VF:1 & member_of=in:A,B & member_of=!B', ['pf1(VF:1)']);
  example('resources=VF:1 & member_of=nobody', []);
  example('resources=VF:1 & in_tree=nobody', []);
});

describe('candidates, worked example E4: group_policy', () => {
  const query = 'resources1=VF:1 & resources2=VF:1';
  const apart = ['pf1(VF:1) + pf2(VF:1) {1: pf1, 2: pf2}', 'pf1(VF:1) + pf2(VF:1) {1: pf2, 2: pf1}'];
  example(
    `${query} & group_policy=none`,
    ['flat(VF:2) {1: flat, 2: flat}', ...apart, 'pf1(VF:2) {1: pf1, 2: pf1}', 'pf2(VF:2) {1: pf2, 2: pf2}'],
    { mapped: true },
  );
  example(`${query} & group_policy=isolate`, apart, { mapped: true });
  it('counts what is used', () => {
    const later = buildWorld({ ...NESTED, pf1: { parent: 'cn', inventory: { VF: { total: 4, used: 3 } } } });
    const inTree = `${query} & in_tree1=cn & in_tree2=cn & group_policy=none`;
    assert.deepEqual(responses(later, inTree, { mapped: true }), [...apart, 'pf2(VF:2) {1: pf2, 2: pf2}']);
  });
  const mixed = 'resources=VF:1 & resources1=VCPU:1 & resources2=MEMORY_MB:1';
  example(`${mixed} & group_policy=isolate`, []);
  example(`${mixed} & group_policy=none`, [
    'cn(MEMORY_MB:1, VCPU:1) + pf1(VF:1)',
    'cn(MEMORY_MB:1, VCPU:1) + pf2(VF:1)',
  ]);
});

describe('candidates, worked example E5: one class in several groups', () => {
  for (const policy of ['', ' & group_policy=none', ' & group_policy=isolate']) {
    example(
      `resources=VF:2 & in_tree=cn & resources1=VF:1 & in_tree1=cn${policy}`,
      [
        'pf1(VF:1) + pf2(VF:2) {"": pf2, 1: pf1}',
        'pf1(VF:2) + pf2(VF:1) {"": pf1, 1: pf2}',
        'pf1(VF:3) {"": pf1, 1: pf1}',
      ],
      { mapped: true },
    );
  }

  const units = buildWorld({
    r1: { inventory: { MEMORY_MB: { total: 10, reserved: 4, minUnit: 2, maxUnit: 6, stepSize: 2 } } },
    r2: { inventory: { VCPU: { total: 3, ratio: 1.5 } } },
  });
  const fits: [amounts: number[], className: string, expected: string[]][] = [
    [[2], 'MEMORY_MB', ['r1(MEMORY_MB:2)']],
    [[4], 'MEMORY_MB', ['r1(MEMORY_MB:4)']],
    [[6], 'MEMORY_MB', ['r1(MEMORY_MB:6)']],
    [[1], 'MEMORY_MB', []],
    [[3], 'MEMORY_MB', []],
    [[8], 'MEMORY_MB', []],
    [[2, 4], 'MEMORY_MB', ['r1(MEMORY_MB:6)']],
    [[4, 4], 'MEMORY_MB', []],
    [[2, 2, 2], 'MEMORY_MB', ['r1(MEMORY_MB:6)']],
    [[4], 'VCPU', ['r2(VCPU:4)']],
    [[5], 'VCPU', []],
    [[2, 2], 'VCPU', ['r2(VCPU:4)']],
    [[3, 2], 'VCPU', []],
  ];
  for (const [amounts, className, expected] of fits) {
    it(`${className} ${amounts.join(' + ')}: ${expected.length === 0 ? 'does not fit' : 'fits'}`, () => {
      const groups = amounts.map((amount, i) => `resources${i + 1}=${className}:${amount}`);
      assert.deepEqual(responses(units, `${groups.join('&')}&group_policy=none`), expected);
    });
  }
});
