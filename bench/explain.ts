import { conditionsOf } from '../src/explain/conditions.js';
import { documentOf } from '../src/explain/document.js';
import { explain, type Explanation } from '../src/explain/explain.js';
import { createStopwatch } from '../src/event-loop.js';
import type { View } from '../src/topology/model.js';
import { requestFrom, searchAtOnce } from '../test/support/candidates.js';
import { buildWorld, type ProviderSpec } from '../test/support/topology-world.js';
import { flatHosts, numaHosts } from './clouds.js';

/**
 * Time of explanations alone, without HTTP and JSON: `tsx bench/explain.ts`. Best and median of several runs, the longest stretch
 * between two pauses (processor time, median of the runs), and the search of the same query, in milliseconds.
 */
function measure(title: string, view: View, query: string, runs = 15): void {
  const request = requestFrom(view, query);
  const conditions = conditionsOf(request);
  const times: number[] = [];
  const searches: number[] = [];
  const stretches: number[] = [];
  let last: Explanation | null = null;
  for (let run = 0; run < runs; run++) {
    const watch = createStopwatch();
    let longest = 0;
    const options = { show: 20, providers: [], maxSteps: 2_000_000 };
    const work = explain(view, request, conditions, options, watch);
    for (let done = false; !done;) {
      const before = process.cpuUsage();
      watch.begin();
      const next = work.next();
      watch.end();
      const { user, system } = process.cpuUsage(before);
      longest = Math.max(longest, (user + system) / 1000);
      if (next.done === true) {
        last = next.value;
        done = true;
      }
    }
    stretches.push(longest);
    times.push(watch.seconds() * 1000);
    const start = performance.now();
    searchAtOnce(view, { ...request, limit: 1000 });
    searches.push(performance.now() - start);
  }
  const shown = (values: number[]): string => {
    values.sort((a, b) => a - b);
    return [values[0] ?? 0, values[values.length >> 1] ?? 0].map((one) => one.toFixed(1).padStart(8)).join('');
  };
  if (last === null) return;
  const longest = stretches.sort((a, b) => a - b)[stretches.length >> 1] ?? 0;
  const { trees, complete } = documentOf(last, '1.39');
  console.log(
    `${title.padEnd(58)}${shown(times)}${longest.toFixed(1).padStart(8)}  search${shown(searches)}` +
      `   ${conditions.length} conditions, ${trees.fitting} of ${trees.all} fit${complete ? '' : ', incomplete'}`,
  );
}

/** Hosts without disks of their own, twenty to an aggregate, with one shared pool in each. */
function diskless(count: number, free: number): View {
  const spec: Record<string, ProviderSpec> = {};
  for (let i = 0; i < count; i++)
    spec[`host${i}`] = { inventory: { VCPU: 32, MEMORY_MB: 131072 }, aggregates: [`rack${Math.floor(i / 20)}`] };
  for (let rack = 0; rack < count / 20; rack++) {
    spec[`pool${rack}`] = {
      inventory: { DISK_GB: { total: 100_000, used: 100_000 - free } },
      traits: ['MISC_SHARES_VIA_AGGREGATE'],
      aggregates: [`rack${rack}`],
    };
  }
  return buildWorld(spec);
}

const TWELVE =
  'resources=VCPU:130,MEMORY_MB:65536,DISK_GB:500&required=CUSTOM_SSD,HW_CPU_X86_AVX2,!CUSTOM_RARE&member_of=in:az1,az2,az3' +
  '&member_of=!az7&member_of=!az9&root_required=HW_CPU_X86_AVX2,!CUSTOM_RARE&member_of=in:az3,az4';

const GRANULAR =
  'resources=MEMORY_MB:1024,DISK_GB:10&resources_C=VCPU:2&resources_G=VGPU:1&resources_N=VF:1' +
  '&same_subtree=_C,_G,_N&group_policy=none';

console.log(`${''.padEnd(58)}    best  median longest`);
for (const count of [10_000, 100_000]) {
  const view = flatHosts(count);
  measure(`${count} lone hosts, none fits`, view, TWELVE, count > 10_000 ? 7 : 15);
  measure(`${count} lone hosts, some fit`, view, TWELVE.replace('VCPU:130', 'VCPU:1'), count > 10_000 ? 7 : 15);
}
const numa = numaHosts(200);
measure('200 x 7 nested, all fit', numa, GRANULAR.replace('same_subtree=_C,_G,_N', 'same_subtree=_C,_G'));
measure('200 x 7 nested, siblings in a subtree', numa, GRANULAR.replace('same_subtree=_C,_G,_N', 'same_subtree=_G,_N'));
measure('200 x 7 nested, too much for a cell', numa, GRANULAR.replace('VCPU:2', 'VCPU:20'));
measure(
  '200 x 7 nested, three cells',
  numa,
  `${GRANULAR}&resources_D=VCPU:2&resources_E=VCPU:2`.replace('none', 'isolate'),
);
measure('10,000 hosts with full shared disks', diskless(10_000, 5), 'resources=VCPU:1,MEMORY_MB:512,DISK_GB:10', 5);
measure('10,000 hosts with shared disks', diskless(10_000, 500), 'resources=VCPU:1,MEMORY_MB:512,DISK_GB:10', 5);
