import type { CandidatesRequest } from '../src/candidates/request.js';
import type { View } from '../src/topology/model.js';
import { requestFrom, searchAtOnce, type Options } from '../test/support/candidates.js';
import { buildWorld, type ProviderSpec } from '../test/support/topology-world.js';
import { flatHosts, numaHosts } from './clouds.js';

/**
 * Time of the candidates search alone, without HTTP and JSON: `tsx bench/candidates.ts`. Sizes go up by ten, so that a
 * change in slope is seen. Median and best of several runs, in milliseconds.
 */

function measure(title: string, view: View, query: string, options: Options = {}, runs = 25): void {
  const request: CandidatesRequest = requestFrom(view, query, options);
  const times: number[] = [];
  let result = searchAtOnce(view, request);
  for (let run = 0; run < runs; run++) {
    const start = performance.now();
    result = searchAtOnce(view, request);
    times.push(performance.now() - start);
  }
  times.sort((a, b) => a - b);
  const [best = 0] = times;
  const median = times[times.length >> 1] ?? 0;
  const count = `${result.combinations.length} candidates, ${result.trace.combinations.tried} tried`;
  console.log(
    `${title.padEnd(58)} ${best.toFixed(2).padStart(9)} ${median.toFixed(2).padStart(9)}   ${count}` +
      (result.endedBy === null ? '' : `, ended by ${result.endedBy}`),
  );
}

/** Hosts without disks of their own, twenty to an aggregate, with one shared pool in each. */
function diskless(count: number): View {
  const spec: Record<string, ProviderSpec> = {};
  for (let i = 0; i < count; i++) {
    spec[`host${i}`] = { inventory: { VCPU: 32, MEMORY_MB: 131072 }, aggregates: [`rack${Math.floor(i / 20)}`] };
  }
  for (let rack = 0; rack < count / 20; rack++) {
    spec[`pool${rack}`] = {
      inventory: { DISK_GB: 100_000 },
      traits: ['MISC_SHARES_VIA_AGGREGATE'],
      aggregates: [`rack${rack}`],
    };
  }
  return buildWorld(spec);
}

function wideTree(children: number, unitsEach: number): View {
  const spec: Record<string, ProviderSpec> = { cn: { inventory: { VCPU: 64 } } };
  for (let i = 0; i < children; i++) spec[`pf${i}`] = { parent: 'cn', inventory: { VF: unitsEach } };
  return buildWorld(spec);
}

const groupsOf = (count: number): string =>
  Array.from({ length: count }, (_, i) => `resources${i + 1}=VF:1`).join('&') + '&group_policy=';

const compute = 'resources=VCPU:1,MEMORY_MB:512,DISK_GB:10';

console.log(`${''.padEnd(58)} ${'best ms'.padStart(9)} ${'median'.padStart(9)}`);
for (const count of [1_000, 10_000, 100_000]) {
  const view = flatHosts(count);
  const title = `${count} flat hosts`;
  measure(`${title}, limit=1000`, view, compute, { limit: 1000 });
  measure(`${title}, limit=1000, breadth-first`, view, compute, { limit: 1000, strategy: 'breadth-first' });
  measure(`${title}, limit=10`, view, compute, { limit: 10 });
  measure(`${title}, rare trait, limit=1000`, view, `${compute}&required=CUSTOM_RARE`, { limit: 1000 });
  measure(`${title}, one aggregate and no SSD, limit=1000`, view, `${compute}&member_of=az3&required=!CUSTOM_SSD`, {
    limit: 1000,
  });
  measure(`${title}, one suffixed group, limit=1000`, view, compute.replace('resources', 'resources1'), {
    limit: 1000,
  });
  measure(`${title}, all`, view, compute, {}, count > 10_000 ? 5 : 25);
  measure(`${title}, random 1000 of all`, view, compute, { limit: 1000, randomize: Math.random }, 5);
}

for (const count of [1_000, 10_000, 100_000]) {
  const view = diskless(count);
  measure(`${count} hosts with shared disks, limit=1000`, view, compute, { limit: 1000 });
  measure(`${count} hosts with shared disks, only disk, limit=1000`, view, 'resources=DISK_GB:10', { limit: 1000 });
}

const numa = numaHosts(200);
const granular =
  'resources=MEMORY_MB:1024,DISK_GB:10&resources_C=VCPU:2&resources_G=VGPU:1&resources_N=VF:1' +
  '&same_subtree=_C,_G,_N&group_policy=none';
measure('200 hosts x 7 nested, granular + same_subtree, all', numa, granular);
measure('200 hosts x 7 nested, granular + same_subtree, limit=10', numa, granular, { limit: 10 });
const twice = `${granular}&resources_D=VCPU:2&resources_H=VGPU:1&same_subtree=_D,_H`.replace('none', 'isolate');
measure('200 hosts x 7 nested, two NUMA cells, isolate, all', numa, twice);

for (const [children, groups] of [
  [8, 6],
  [8, 8],
  [12, 8],
  [16, 8],
] as const) {
  for (const policy of ['isolate', 'none']) {
    const view = wideTree(children, 1);
    const title = `${children} children of 1 unit, ${groups} groups, ${policy}`;
    measure(`${title}, limit=1000`, view, groupsOf(groups) + policy, { limit: 1000 });
  }
}
measure('8 children of 8 units, 8 groups, none, limit=1000', wideTree(8, 8), `${groupsOf(8)}none`, { limit: 1000 });
measure('8 children of 1 unit, 8 groups, isolate, all', wideTree(8, 1), `${groupsOf(8)}isolate`, {}, 5);
for (const policy of ['isolate', 'none']) {
  measure(`8 children of 1 unit, 9 groups, ${policy} (impossible)`, wideTree(8, 1), groupsOf(9) + policy);
  measure(`16 children of 1 unit, 17 groups, ${policy} (impossible)`, wideTree(16, 1), groupsOf(17) + policy);
}
