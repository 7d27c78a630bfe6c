import assert from 'node:assert/strict';
import { ask } from '../../support/candidates.js';
import { buildWorld, type ProviderSpec } from '../../support/topology-world.js';

const spec: Record<string, ProviderSpec> = {};
for (let i = 0; i < 2000; i++) {
  spec[`host${i}`] = {
    inventory: { VCPU: 8, ...(i === 1500 ? { PGPU: 1 } : {}) },
    traits: i % 500 === 7 ? ['CUSTOM_RARE'] : [],
    aggregates: [`az${i % 4}`, ...(i === 42 ? ['small'] : [])],
  };
}
spec.pool = { inventory: { DISK_GB: 1000 }, traits: ['MISC_SHARES_VIA_AGGREGATE'], aggregates: ['az0'] };
const world = buildWorld(spec);

describe('candidates, how many hosts are looked at', () => {
  const rows: [query: string, limit: number | null, lookedAt: number, found: number][] = [
    ['resources=VCPU:1', null, 2000, 2000],
    ['resources=VCPU:1', 10, 10, 10],
    ['resources_1=VCPU:1', 10, 10, 10],
    ['resources=VCPU:1 & required=CUSTOM_RARE', 1000, 4, 4],
    ['resources_1=VCPU:1 & required_1=CUSTOM_RARE', 1000, 4, 4],
    ['resources=VCPU:1 & root_required=CUSTOM_RARE', 1000, 4, 4],
    ['resources=VCPU:1 & member_of=small', 1000, 1, 1],
    ['resources=VCPU:1 & member_of=in:small,az3', 1000, 501, 501],
    ['resources=VCPU:1 & in_tree=host99', 1000, 1, 1],
    ['resources_1=VCPU:1 & in_tree_1=host99', 1000, 1, 1],
    ['resources=VCPU:1,PGPU:1', 1000, 1, 1],
    ['resources=VCPU:1,DISK_GB:1', null, 501, 500],
    // The pool is the only provider of its class, but not the cheapest way to the one host that is asked for.
    ['resources=VCPU:1,DISK_GB:1 & required=CUSTOM_RARE', null, 4, 0],
  ];
  for (const [query, limit, lookedAt, found] of rows) {
    it(`${query}${limit === null ? '' : ` & limit=${limit}`}: ${lookedAt}`, () => {
      for (const strategy of ['depth-first', 'breadth-first'] as const) {
        const { candidates, trace } = ask(world, query, { limit, strategy });
        assert.deepEqual([trace.anchors.lookedAt, candidates.length], [lookedAt, found]);
      }
    });
  }
});
