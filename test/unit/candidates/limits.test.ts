import assert from 'node:assert/strict';
import { responses, ask, findCandidates, requestFrom } from '../../support/candidates.js';
import { buildWorld, type WorldSpec } from '../../support/topology-world.js';

const hosts: Record<string, WorldSpec[string]> = {};
for (const host of ['h1', 'h2', 'h3']) {
  hosts[host] = { inventory: { VCPU: 4 } };
  hosts[`${host}a`] = { parent: host, inventory: { PGPU: 2 } };
  hosts[`${host}b`] = { parent: host, inventory: { PGPU: 2 } };
}
const world = buildWorld(hosts);
const query = 'resources=VCPU:1 & resources1=PGPU:1 & resources2=PGPU:1 & group_policy=isolate';

function hostsOf(options: Parameters<typeof ask>[2]): string[] {
  return ask(world, query, options).candidates.map(({ mappings }) => mappings[0]?.[0]?.name ?? '');
}

/** A generator good enough for tests: the same numbers every time. */
function numbers(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state * 1103515245 + 12345) % 2147483648;
    return state / 2147483648;
  };
}

describe('candidates, worked example E8: how many, and in which order', () => {
  it('has six candidates', () => {
    assert.equal(responses(world, query).length, 6);
  });
  for (const bound of ['maxCandidates', 'limit'] as const) {
    it(`finishes a host before the next depth-first (${bound})`, () => {
      assert.deepEqual(hostsOf({ [bound]: 3, strategy: 'depth-first' }), ['h1', 'h1', 'h2']);
    });
    it(`takes one of each host in turn breadth-first (${bound})`, () => {
      assert.deepEqual(hostsOf({ [bound]: 3, strategy: 'breadth-first' }), ['h1', 'h2', 'h3']);
      assert.deepEqual(hostsOf({ [bound]: 5, strategy: 'breadth-first' }), ['h1', 'h2', 'h3', 'h1', 'h2']);
    });
  }
  it('applies limit to what max_allocation_candidates left', () => {
    assert.equal(hostsOf({ maxCandidates: 4, limit: 2 }).length, 2);
    assert.equal(hostsOf({ maxCandidates: 2, limit: 4 }).length, 2);
  });
});

describe('candidates, randomize_allocation_candidates', () => {
  it('shuffles all without a limit', () => {
    const orders = new Set<string>();
    for (let seed = 0; seed < 50; seed++) {
      const found = hostsOf({ randomize: numbers(seed) });
      assert.deepEqual([...found].sort(), ['h1', 'h1', 'h2', 'h2', 'h3', 'h3']);
      orders.add(found.join());
    }
    assert.ok(orders.size > 20);
  });
  it('samples evenly from all with a limit', () => {
    const times = new Map<string, number>();
    const random = numbers(7);
    for (let round = 0; round < 3000; round++) {
      for (const host of hostsOf({ randomize: random, limit: 2 })) times.set(host, (times.get(host) ?? 0) + 1);
    }
    for (const host of ['h1', 'h2', 'h3']) {
      const share = times.get(host) ?? 0;
      assert.ok(share > 1800 && share < 2200, `${host} came ${share} times of 6000`);
    }
  });
  it('samples only what max_allocation_candidates left', () => {
    for (let seed = 0; seed < 20; seed++) {
      assert.deepEqual(hostsOf({ randomize: numbers(seed), limit: 1, maxCandidates: 2 }), ['h1']);
    }
  });
});

describe('candidates, the bounds on work and memory', () => {
  it('says nothing is missing when nothing is', () => {
    assert.equal(findCandidates(world, requestFrom(world, query)).endedBy, null);
    assert.equal(findCandidates(world, requestFrom(world, query)).trace.complete, true);
  });
  it('keeps what was found within maxSteps', () => {
    const result = findCandidates(world, requestFrom(world, query), { maxSteps: 5 });
    assert.equal(result.endedBy, 'steps');
    assert.equal(result.trace.complete, false);
    assert.ok(result.candidates.length > 0 && result.candidates.length < 6);
  });
  it('keeps no more than maxKept', () => {
    const result = findCandidates(world, requestFrom(world, query), { maxKept: 4 });
    assert.deepEqual([result.endedBy, result.candidates.length], ['size', 4]);
    const exact = findCandidates(world, requestFrom(world, query), { maxKept: 6 });
    assert.deepEqual([exact.endedBy, exact.candidates.length], [null, 6]);
  });
  it('keeps a sample of maxKept when shuffling', () => {
    const request = requestFrom(world, query, { randomize: numbers(1) });
    const result = findCandidates(world, request, { maxKept: 4 });
    assert.deepEqual([result.endedBy, result.candidates.length], ['size', 4]);
  });
});
