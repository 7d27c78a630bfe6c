import assert from 'node:assert/strict';
import { responses, ask, summaries } from '../../support/candidates.js';
import { buildWorld } from '../../support/topology-world.js';

const world = buildWorld({
  cn: { inventory: { MEMORY_MB: 1024 }, traits: ['CUSTOM_ROOT'] },
  numa0: { parent: 'cn', inventory: { VCPU: 4 }, traits: ['CUSTOM_NUMA'] },
  gpu0: { parent: 'numa0', inventory: { VGPU: 2 }, traits: ['CUSTOM_GX'] },
  pf0: { parent: 'numa0', inventory: { VF: 2 } },
  numa1: { parent: 'cn', inventory: { VCPU: 4 }, traits: ['CUSTOM_NUMA'] },
  gpu1: { parent: 'numa1', inventory: { VGPU: 2 } },
  empty: { parent: 'cn', traits: ['CUSTOM_EMPTY'], aggregates: ['B'] },
});

describe('candidates, worked example E7: same_subtree', () => {
  function example(query: string, expected: string[], policy = 'none'): void {
    it(`${query} (${policy})`, () => {
      assert.deepEqual(responses(world, `${query} & group_policy=${policy}`, { mapped: true }), expected);
    });
  }
  const pairs = 'resources_C=VCPU:1 & resources_G=VGPU:1';
  example(pairs, [
    'gpu0(VGPU:1) + numa0(VCPU:1) {_C: numa0, _G: gpu0}',
    'gpu0(VGPU:1) + numa1(VCPU:1) {_C: numa1, _G: gpu0}',
    'gpu1(VGPU:1) + numa0(VCPU:1) {_C: numa0, _G: gpu1}',
    'gpu1(VGPU:1) + numa1(VCPU:1) {_C: numa1, _G: gpu1}',
  ]);
  example(`${pairs} & same_subtree=_C,_G`, [
    'gpu0(VGPU:1) + numa0(VCPU:1) {_C: numa0, _G: gpu0}',
    'gpu1(VGPU:1) + numa1(VCPU:1) {_C: numa1, _G: gpu1}',
  ]);
  const siblings = 'resources_N=VF:1 & resources_G=VGPU:1';
  example(`${siblings} & same_subtree=_N,_G`, []);
  for (const policy of ['none', 'isolate']) {
    example(
      `${siblings} & required_A=CUSTOM_NUMA & same_subtree=_N,_G,_A`,
      ['gpu0(VGPU:1) + pf0(VF:1) {_A: numa0, _G: gpu0, _N: pf0}'],
      policy,
    );
  }
  example(`${siblings} & required_A=CUSTOM_ROOT & same_subtree=_N,_G,_A`, [
    'gpu0(VGPU:1) + pf0(VF:1) {_A: cn, _G: gpu0, _N: pf0}',
    'gpu1(VGPU:1) + pf0(VF:1) {_A: cn, _G: gpu1, _N: pf0}',
  ]);
  example(
    'resources_C0=VCPU:1 & resources_G0=VGPU:1 & resources_C1=VCPU:1 & resources_G1=VGPU:1' +
      ' & same_subtree=_C0,_G0 & same_subtree=_C1,_G1',
    [
      'gpu0(VGPU:1) + gpu1(VGPU:1) + numa0(VCPU:1) + numa1(VCPU:1) {_C0: numa0, _C1: numa1, _G0: gpu0, _G1: gpu1}',
      'gpu0(VGPU:1) + gpu1(VGPU:1) + numa0(VCPU:1) + numa1(VCPU:1) {_C0: numa1, _C1: numa0, _G0: gpu1, _G1: gpu0}',
    ],
    'isolate',
  );
  example('resources_A=VCPU:1 & resources_B=VCPU:2 & same_subtree=_A,_B', [
    'numa0(VCPU:3) {_A: numa0, _B: numa0}',
    'numa1(VCPU:3) {_A: numa1, _B: numa1}',
  ]);

  const memory = 'resources=MEMORY_MB:1';
  example(`${memory} & required_E=CUSTOM_EMPTY & same_subtree=_E`, ['cn(MEMORY_MB:1) {"": cn, _E: empty}']);
  example(`${memory} & member_of_E=B & same_subtree=_E`, ['cn(MEMORY_MB:1) {"": cn, _E: empty}']);
  example(`${memory} & required_E=CUSTOM_NUMA & same_subtree=_E`, [
    'cn(MEMORY_MB:1) {"": cn, _E: numa0}',
    'cn(MEMORY_MB:1) {"": cn, _E: numa1}',
  ]);
  example(`${memory} & required_E=!CUSTOM_EMPTY & same_subtree=_E`, []);
  example(`${memory} & member_of_E=!A & same_subtree=_E`, []);
  example(`${memory} & in_tree_E=cn & same_subtree=_E`, []);

  it('has no subtree rule for the unsuffixed group', () => {
    assert.deepEqual(responses(world, 'resources=MEMORY_MB:1,VCPU:1,VGPU:1'), [
      'cn(MEMORY_MB:1) + gpu0(VGPU:1) + numa0(VCPU:1)',
      'cn(MEMORY_MB:1) + gpu0(VGPU:1) + numa1(VCPU:1)',
      'cn(MEMORY_MB:1) + gpu1(VGPU:1) + numa0(VCPU:1)',
      'cn(MEMORY_MB:1) + gpu1(VGPU:1) + numa1(VCPU:1)',
    ]);
  });

  it('ignores in_tree of a resourceless group unless the provider is unknown', () => {
    const more = buildWorld({ cn: { inventory: { VCPU: 1 }, traits: ['CUSTOM_X'] }, other: {} });
    const query = 'resources=VCPU:1 & required_E=CUSTOM_X & same_subtree=_E & in_tree_E';
    assert.deepEqual(responses(more, `${query}=other`), ['cn(VCPU:1)']);
    assert.deepEqual(responses(more, `${query}=nobody`), []);
  });

  it('leaves the tree of a resourceless group out of the summaries', () => {
    const more = buildWorld({
      cn: { inventory: { VCPU: 1 }, aggregates: ['A'] },
      ss: { traits: ['MISC_SHARES_VIA_AGGREGATE'], aggregates: ['A'] },
    });
    const query = 'resources=VCPU:1 & required_X=MISC_SHARES_VIA_AGGREGATE & same_subtree=_X';
    assert.deepEqual(responses(more, query, { mapped: true }), ['cn(VCPU:1) {"": cn, _X: ss}']);
    assert.deepEqual(summaries(more, query), ['cn']);
  });

  it('tells in the trace what each group found and which rule ended what', () => {
    const { trace } = ask(world, `${siblings} & required_G=CUSTOM_GX & group_policy=none`);
    assert.equal(trace.complete, true);
    assert.deepEqual(trace.groups[1], {
      suffix: '_G',
      stages: [
        { stage: 'looked at', resourceClass: null, left: 7 },
        { stage: 'room', resourceClass: 'VGPU', left: 2 },
        { stage: 'required traits', resourceClass: null, left: 1 },
      ],
    });
    assert.deepEqual(trace.anchors, { lookedAt: 1, rootAllowed: 1, everyGroup: 1 });
    assert.equal(trace.combinations.found, 1);
  });
});
