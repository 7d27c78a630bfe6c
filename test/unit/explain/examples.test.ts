import assert from 'node:assert/strict';
import { documentOf, type ExplainDocument } from '../../../src/explain/document.js';
import type { Topology } from '../../../src/topology/topology.js';
import { requestFrom, type Options } from '../../support/candidates.js';
import { explainAtOnce } from '../../support/explain.js';
import { buildWorld } from '../../support/topology-world.js';

/** The worlds of docs/contract/allocation-candidates.md, with the examples of docs/contract/explain-and-capacity.md. */
const E1 = buildWorld({
  cn: { inventory: { VCPU: 8, MEMORY_MB: 1024 }, traits: ['CUSTOM_ROOT'], aggregates: ['A'] },
  pf1: { parent: 'cn', inventory: { SRIOV_NET_VF: 4 }, traits: ['CUSTOM_PF1'] },
  pf2: { parent: 'cn', inventory: { SRIOV_NET_VF: 2 }, traits: ['CUSTOM_PF2'], aggregates: ['B'] },
  flat: { inventory: { VCPU: 8, SRIOV_NET_VF: 8 } },
});
const E7 = buildWorld({
  cn: { inventory: { MEMORY_MB: 1024 }, traits: ['CUSTOM_ROOT'] },
  numa0: { parent: 'cn', inventory: { VCPU: 4 }, traits: ['CUSTOM_NUMA'] },
  gpu0: { parent: 'numa0', inventory: { VGPU: 2 }, traits: ['CUSTOM_GX'] },
  pf0: { parent: 'numa0', inventory: { SRIOV_NET_VF: 2 } },
  numa1: { parent: 'cn', inventory: { VCPU: 4 }, traits: ['CUSTOM_NUMA'] },
  gpu1: { parent: 'numa1', inventory: { VGPU: 2 } },
  empty: { parent: 'cn', traits: ['CUSTOM_EMPTY'], aggregates: ['B'] },
});

function explained(world: Topology, query: string, options: Options & { providers?: string[]; version?: string } = {}) {
  const { providers = [], version = '1.39', ...rest } = options;
  const request = requestFrom(world, query, rest);
  const named = providers.map((name) => world.providerByName(name)!);
  return documentOf(explainAtOnce(world, request, { providers: named, version }), version);
}

function treeOf({ nearest }: ExplainDocument, name: string) {
  return nearest.find(({ root }) => root.name === name);
}

const codesOf = (document: ExplainDocument, name: string): string[] | undefined =>
  treeOf(document, name)?.reasons.map(({ code, condition }) => `${condition} ${code}`);

describe('an explanation, worked examples', () => {
  it('E1: a class never comes from two providers', () => {
    const document = explained(E1, 'resources=SRIOV_NET_VF:6&in_tree=cn');
    assert.deepEqual([document.outcome, document.trees.fitting_when_empty], ['none', 0]);
    const cn = treeOf(document, 'cn');
    assert.deepEqual(cn?.reasons, [
      {
        condition: 'resources.SRIOV_NET_VF',
        code: 'capacity',
        provider: { uuid: 'pf1', name: 'pf1' },
        asked: 6,
        free: 4,
        capacity: 4,
        used: 0,
        total: 4,
        reserved: 0,
        allocation_ratio: 1,
        tree_free: 6,
        text:
          'SRIOV_NET_VF: asks 6, free 4 (capacity 4, used 0); 6 are free in the tree, but one class never comes from ' +
          'two providers',
      },
    ]);
    assert.deepEqual(codesOf(document, 'flat'), ['in_tree.cn other_tree']);
    assert.deepEqual(document.changes, [
      { condition: 'resources.SRIOV_NET_VF', change: 'lower', from: 6, to: 4, trees: 1 },
      { condition: 'in_tree.cn', change: 'drop', trees: 1 },
    ]);
  });

  it('E1 at 1.28: one provider a tree', () => {
    const document = explained(E1, 'resources=VCPU:1,SRIOV_NET_VF:1', {
      nested: false,
      providers: ['cn'],
      version: '1.28',
    });
    assert.deepEqual([document.outcome, document.trees.fitting, document.conflict], ['some', 1, null]);
    assert.deepEqual(
      document.nearest.map(({ root }) => root.name),
      ['cn'],
    );
    assert.deepEqual(codesOf(document, 'cn'), ['version.1.29 one_provider_per_tree']);
    assert.deepEqual(document.changes, [
      { condition: 'version.1.29', change: 'raise', from: '1.28', to: '1.29', trees: 2 },
    ]);
  });

  it('E1: a tree whose providers have the classes only together is not relevant to a suffixed group', () => {
    const document = explained(E1, 'resources1=VCPU:1,SRIOV_NET_VF:1&in_tree1=cn');
    assert.deepEqual([document.outcome, document.trees.relevant], ['none', 1]);
    assert.deepEqual(
      document.nearest.map(({ root }) => root.name),
      ['flat'],
    );
    assert.deepEqual(codesOf(document, 'flat'), ['in_tree1.cn other_tree']);
    const asked = explained(E1, 'resources1=VCPU:1,SRIOV_NET_VF:1&in_tree1=cn', { providers: ['pf2'] });
    assert.deepEqual(codesOf(asked, 'cn'), ['resources1.SRIOV_NET_VF no_inventory']);
  });

  it('E7: siblings are in no subtree of each other', () => {
    const query = 'resources_N=SRIOV_NET_VF:1&resources_G=VGPU:1&same_subtree=_N,_G&group_policy=none';
    const document = explained(E7, query);
    assert.equal(document.outcome, 'none');
    assert.deepEqual(
      document.funnel.map(({ stage, trees }) => `${stage} ${trees}`),
      ['all 1', 'inventory 1', 'capacity 1', 'units 1', 'candidate 0'],
    );
    const condition = document.conditions.find(({ id }) => id === 'same_subtree._N,_G');
    assert.deepEqual([condition?.fails, condition?.only], [1, 1]);
    assert.deepEqual(document.changes, [{ condition: 'same_subtree._N,_G', change: 'drop', trees: 1 }]);
    assert.deepEqual(document.conflict, [{ id: 'same_subtree._N,_G', met_by: 0 }]);
  });

  it('E4: isolate, and a host without one of the classes', () => {
    const query = 'resources=SRIOV_NET_VF:1&resources1=VCPU:1&resources2=MEMORY_MB:1&group_policy=isolate';
    const document = explained(E1, query);
    assert.deepEqual([document.outcome, document.trees.relevant], ['none', 1]);
    assert.deepEqual(codesOf(document, 'cn'), ['group_policy isolate']);
    assert.deepEqual(document.changes, [{ condition: 'group_policy', change: 'drop', trees: 1 }]);
    assert.equal(treeOf(document, 'flat'), undefined);
  });

  it('a class that no provider has', () => {
    const world = buildWorld({ h1: { inventory: { VCPU: 1 } }, h2: {} }, { classes: ['CUSTOM_X'] });
    const document = explained(world, 'resources=CUSTOM_X:1');
    assert.equal(document.outcome, 'none');
    assert.deepEqual(document.funnel.slice(0, 2), [
      { stage: 'all', trees: 2 },
      { stage: 'inventory', trees: 0 },
    ]);
    assert.deepEqual(document.conflict, [{ id: 'resources.CUSTOM_X', met_by: 0 }]);
    assert.deepEqual(document.changes, []);
    assert.equal(document.summary, 'none of 2 trees fits (none would if nothing were used): no tree meets CUSTOM_X:1');
  });

  it('sums of several groups: nine units on children of four, and what would do', () => {
    const world = buildWorld({
      cn: {},
      a: { parent: 'cn', inventory: { VF: 4 } },
      b: { parent: 'cn', inventory: { VF: 4 } },
    });
    const document = explained(world, 'resources1=VF:3&resources2=VF:4&resources3=VF:2&group_policy=none');
    assert.deepEqual(codesOf(document, 'cn'), ['resources1.VF sum']);
    assert.deepEqual(
      document.changes.map(({ condition, change, to }) => `${condition} ${change} ${to}`),
      ['resources1.VF lower 2', 'resources2.VF lower 2', 'resources3.VF lower 1'],
    );
  });

  it('an amount below min_unit is raised, one beside the steps lowered or raised', () => {
    const world = buildWorld({ h: { inventory: { VCPU: { total: 16, minUnit: 4, stepSize: 4 } } } });
    const changes = (query: string) =>
      explained(world, query).changes.map(({ change, from, to, trees }) => [change, from, to, trees]);
    assert.deepEqual(changes('resources=VCPU:2'), [['raise', 2, 4, 1]]);
    assert.deepEqual(changes('resources=VCPU:6'), [
      ['lower', 6, 4, 1],
      ['raise', 6, 8, 1],
    ]);
    assert.deepEqual(codesOf(explained(world, 'resources=VCPU:2'), 'h'), [
      'resources.VCPU min_unit',
      'resources.VCPU step_size',
    ]);
  });

  it('is not complete at its bound, and says which trees are undecided', () => {
    const document = documentOf(explainAtOnce(E7, requestFrom(E7, 'resources=VCPU:1'), { maxSteps: 0 }), '1.39');
    assert.deepEqual([document.complete, document.trees.fitting], [false, 0]);
    assert.deepEqual(document.nearest[0]?.reasons, [
      { condition: null, code: 'not_found', text: 'undecided: the search ended at its bound' },
    ]);
  });
});
