import assert from 'node:assert/strict';
import type { Candidate } from '../../../src/candidates/candidate.js';
import type { View } from '../../../src/topology/model.js';
import {
  allocationsText,
  responses,
  ask,
  findCandidates,
  mappingsText,
  requestFrom,
} from '../../support/candidates.js';
import { buildWorld, type ProviderSpec } from '../../support/topology-world.js';

/** Work is counted in tries, not in time: the same on every machine. */

function children(count: number, units: number): View {
  const spec: Record<string, ProviderSpec> = { cn: { inventory: { VCPU: 8 } } };
  for (let i = 0; i < count; i++) spec[`pf${i}`] = { parent: 'cn', inventory: { VF: units } };
  return buildWorld(spec);
}

function groups(amounts: readonly number[], policy: string): string {
  return `${amounts.map((amount, i) => `resources_${i}=VF:${amount}`).join('&')}&group_policy=${policy}`;
}

const ones = (count: number): number[] => Array.from({ length: count }, () => 1);

describe('candidates of wide trees', () => {
  for (const count of [8, 12, 16]) {
    for (const wanted of [6, 7, 8]) {
      for (const policy of ['isolate', 'none']) {
        it(`${wanted} groups over ${count} children of one unit, ${policy}: what it tries is what it returns`, () => {
          const world = children(count, 1);
          const request = requestFrom(world, groups(ones(wanted), policy), { limit: 1000 });
          const { candidates, endedBy, trace } = findCandidates(world, request);
          assert.equal(candidates.length, 1000);
          assert.equal(endedBy, null);
          const texts = candidates.map((candidate) => mappingsText(request, candidate));
          assert.equal(new Set(texts).size, 1000);
          for (const { allocations } of candidates) assert.equal(allocations.length, wanted);
          assert.ok(trace.combinations.tried < 1000 * 2 * count, `${trace.combinations.tried} tries`);
        });
      }
    }
  }

  it('gives all permutations when asked for all', () => {
    assert.equal(ask(children(6, 1), groups(ones(6), 'isolate')).candidates.length, 720);
  });

  it('lets groups meet where there is room', () => {
    const world = children(8, 2);
    const { candidates } = ask(world, groups(ones(8), 'none'), { limit: 1000 });
    assert.ok(candidates.some((candidate) => allocationsText(candidate).includes('VF:2')));
    assert.ok(candidates.every((candidate) => !allocationsText(candidate).includes('VF:3')));
  });
});

describe('candidates that cannot be', () => {
  function impossible(title: string, world: View, query: string): void {
    it(title, () => {
      const { candidates, endedBy, trace } = ask(world, query);
      assert.equal(candidates.length, 0);
      assert.equal(endedBy, null);
      assert.ok(trace.combinations.tried < 5000, `${trace.combinations.tried} tries`);
    });
  }
  for (const policy of ['isolate', 'none']) {
    impossible(`9 groups over 8 children of one unit, ${policy}`, children(8, 1), groups(ones(9), policy));
    impossible(`17 groups over 16 children of one unit, ${policy}`, children(16, 1), groups(ones(17), policy));
  }
  impossible('9 groups of 3 over 8 children of 5 units', children(8, 5), groups([3, 3, 3, 3, 3, 3, 3, 3, 3], 'none'));
  impossible(
    '9 groups of 3 and one of 1 over 8 children of 5 units',
    children(8, 5),
    groups([1, 3, 3, 3, 3, 3, 3, 3, 3, 3], 'none'),
  );
  impossible(
    'an unsuffixed group that takes the last child',
    children(8, 1),
    `resources=VF:1&${groups(ones(8), 'isolate')}`,
  );

  const cells: Record<string, ProviderSpec> = { cn: {} };
  for (let i = 0; i < 10; i++) {
    cells[`numa${i}`] = { parent: 'cn', inventory: i < 9 ? { VCPU: 1 } : {} };
    if (i > 0) cells[`pf${i}`] = { parent: `numa${i}`, inventory: { VF: 1 } };
  }
  const pairs = Array.from(
    { length: 9 },
    (_, i) => `resources_C${i}=VCPU:1&resources_N${i}=VF:1&same_subtree=_C${i},_N${i}`,
  );
  // Nine cells have a CPU, nine have a VF, but only eight have both.
  impossible('nine pairs over eight NUMA cells', buildWorld(cells), `${pairs.join('&')}&group_policy=isolate`);
  it('eight pairs over eight NUMA cells are found', () => {
    const query = `${pairs.slice(1).join('&')}&group_policy=isolate`;
    assert.equal(responses(buildWorld(cells), query, { limit: 100 }).length, 100);
  });
});

describe('candidates that only sums and remembered dead ends tell apart', () => {
  /** `hosts` by name, each with the room of its children. */
  function hosts(rooms: Readonly<Record<string, readonly Record<string, number>[]>>): View {
    const spec: Record<string, ProviderSpec> = {};
    for (const [host, children] of Object.entries(rooms)) {
      spec[host] = { inventory: { VCPU: 8 } };
      for (const [i, inventory] of children.entries()) spec[`${host}-${i}`] = { parent: host, inventory };
    }
    return buildWorld(spec);
  }
  const times = <Thing>(count: number, thing: Thing): Thing[] => Array.from({ length: count }, () => thing);
  const hostOf = ({ allocations }: Candidate): string | undefined => allocations[0]?.provider.name.split('-')[0];

  function finds(title: string, world: View, query: string, most: number): void {
    it(title, () => {
      const { candidates, endedBy, trace } = ask(world, query, { limit: 1 });
      assert.deepEqual([candidates.map(hostOf), endedBy], [['b'], null]);
      assert.ok(trace.combinations.tried < most, `${trace.combinations.tried} tries`);
    });
  }

  const mixed = groups(
    Array.from({ length: 18 }, (_, i) => (i % 2 === 0 ? 340 : 330)),
    'none',
  );
  finds(
    'the sum of mixed sizes: 18 groups of 340 and 330 do not fit on 6 children of 1000, but on 8',
    hosts({ a: times(6, { VF: 1000 }), b: times(8, { VF: 1000 }) }),
    mixed,
    1000,
  );
  finds(
    'what a child can be filled to: on 6 children of 1009 there is room for 1000 each',
    hosts({ a: times(6, { VF: 1009 }), b: times(8, { VF: 1000 }) }),
    mixed,
    1000,
  );
  finds(
    'several classes: of either there is enough, but not together',
    hosts({ a: times(6, { VCPU: 4, VF: 4 }), b: times(12, { VCPU: 4, VF: 4 }) }),
    `${Array.from({ length: 9 }, (_, i) => `resources_${i}=VCPU:${i % 2 === 0 ? 3 : 2},VF:${i % 2 === 0 ? 2 : 3}`).join('&')}&group_policy=none`,
    5000,
  );

  it('sums end the search before anything is tried', () => {
    for (const room of [1000, 1009]) {
      const { candidates, endedBy, trace } = ask(hosts({ a: times(6, { VF: room }) }), mixed);
      assert.deepEqual([candidates.length, endedBy, trace.combinations.tried], [0, null, 0]);
    }
  });

  it('eleven groups of 4 and twelve of 3 would have to fill 8 children of 10: no equal state is searched twice', () => {
    const amounts = [...times(11, 4), ...times(12, 3)];
    const { candidates, endedBy, trace } = ask(children(8, 10), groups(amounts, 'none'));
    assert.deepEqual([candidates.length, endedBy, trace.complete], [0, null, true]);
    assert.ok(trace.combinations.tried < 20_000, `${trace.combinations.tried} tries`);
    assert.ok(trace.combinations.dropped['dead end'] > 0, JSON.stringify(trace.combinations));
  });

  it('of a hundred equal hosts one is searched to the end', () => {
    const amounts = [...times(11, 4), ...times(12, 3)];
    const many = Object.fromEntries(Array.from({ length: 100 }, (_, i) => [`a${i}`, times(8, { VF: 10 })]));
    const { endedBy, trace } = ask(hosts(many), groups(amounts, 'none'));
    assert.equal(endedBy, null);
    assert.equal(trace.anchors.everyGroup, 100);
    assert.ok(trace.combinations.tried < 40_000, `${trace.combinations.tried} tries`);
  });

  /** 24 groups of different sizes that would have to fill 8 children of different sizes exactly. */
  const sizes = Array.from({ length: 24 }, (_, i) => 1000 + ((i * 7919) % 997));
  const total = sizes.reduce((sum, size) => sum + size, 0);
  const tight = Array.from({ length: 8 }, (_, i) => Math.floor(total / 8) + ((i * 37) % 101) - 40);
  tight[7] = total - tight.slice(0, 7).reduce((sum, size) => sum + size, 0);
  const hard = tight.map((VF) => ({ VF }));

  it('stops after maxSteps with what there is, and says so', () => {
    const world = hosts({ a: hard });
    const request = requestFrom(world, groups(sizes, 'none'), { limit: 10 });
    const { endedBy, candidates, trace } = findCandidates(world, request, { maxSteps: 20_000 });
    assert.deepEqual([endedBy, trace.complete, candidates.length], ['steps', false, 0]);
    assert.equal(trace.combinations.tried, 20_000);
  });

  for (const strategy of ['depth-first', 'breadth-first'] as const) {
    it(`gives every host its share of the steps before a hard one gets more, ${strategy}`, () => {
      const easy = hard.map(({ VF }) => ({ VF: VF * 2 }));
      const world = hosts({ a: hard, a1: hard.map(({ VF }, i) => ({ VF: VF + ((i % 2) * 2 - 1) })), b: easy });
      const request = requestFrom(world, groups(sizes, 'none'), { limit: 1, strategy });
      const { endedBy, candidates, trace } = findCandidates(world, request, { maxSteps: 20_000 });
      assert.deepEqual([candidates.map(hostOf), endedBy], [['b'], null]);
      assert.ok(trace.combinations.tried < 3000, `${trace.combinations.tried} tries`);
    });
  }
});
