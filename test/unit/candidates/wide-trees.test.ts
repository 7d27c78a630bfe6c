import assert from 'node:assert/strict';
import { findCandidates } from '../../../src/candidates/search.js';
import type { View } from '../../../src/topology/model.js';
import { allocationsText, answers, ask, mappingsText, requestFrom } from '../../support/candidates.js';
import { buildWorld, type ProviderSpec } from '../../support/world.js';

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
          const { candidates, truncated, trace } = findCandidates(world, request);
          assert.equal(candidates.length, 1000);
          assert.equal(truncated, false);
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
      const { candidates, truncated, trace } = ask(world, query);
      assert.equal(candidates.length, 0);
      assert.equal(truncated, false);
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
    assert.equal(answers(buildWorld(cells), query, { limit: 100 }).length, 100);
  });
});

describe('candidates, where no bound sees the dead end', () => {
  it('stops after maxSteps with what there is, and says so', () => {
    // Ten units are filled by 4 + 3 + 3 alone; eleven fours and twelve threes would have to fill all eight children.
    const amounts = [...Array.from({ length: 11 }, () => 4), ...Array.from({ length: 12 }, () => 3)];
    const world = children(8, 10);
    const request = requestFrom(world, groups(amounts, 'none'), { limit: 10 });
    const { truncated, candidates, trace } = findCandidates(world, request, { maxSteps: 20_000 });
    assert.deepEqual([truncated, trace.complete, candidates.length], [true, false, 0]);
    assert.equal(trace.combinations.tried, 20_000);
  });
});
