import { measureCapacity, type Capacity } from '../src/capacity/capacity.js';
import { capacityDocument } from '../src/capacity/document.js';
import type { View } from '../src/topology/model.js';
import { requestFrom } from '../test/support/candidates.js';
import { buildWorld, type ProviderSpec } from '../test/support/topology-world.js';

/**
 * Time to count how many more requests fit, without HTTP: `tsx bench/capacity.ts`. Milliseconds of processor time, which
 * other programs on the machine disturb less than a clock; best and median of several runs.
 */

const NEVER = { isDue: () => false, seconds: () => 0 };

function measure(title: string, view: View, query: string, runs = 15): void {
  const request = requestFrom(view, query);
  const times: number[] = [];
  let found: Capacity | null = null;
  for (let run = 0; run < runs; run++) {
    const before = process.cpuUsage();
    const next = measureCapacity(view, request, { maxSteps: 2_000_000, enough: null }, NEVER).next();
    if (next.done !== true) throw new Error('it paused');
    found = next.value;
    capacityDocument(found, { version: '1.39', show: 10, roots: [] });
    const { user, system } = process.cpuUsage(before);
    times.push((user + system) / 1000);
  }
  times.sort((a, b) => a - b);
  const { atLeast, atMost } = found?.count ?? { atLeast: 0, atMost: 0 };
  const [best = 0] = times;
  const median = times[times.length >> 1] ?? 0;
  console.log(
    `${title.padEnd(52)} ${best.toFixed(1).padStart(8)} ${median.toFixed(1).padStart(8)}   ${atLeast} to ${atMost}` +
      (found?.complete === true ? '' : ', ended by its bound'),
  );
}

type Spec = Record<string, ProviderSpec>;

function flatHosts(count: number): View {
  const spec: Spec = {};
  for (let i = 0; i < count; i++) {
    spec[`host${i}`] = {
      inventory: { VCPU: { total: 32, used: i % 16, ratio: 4 }, MEMORY_MB: 131072, DISK_GB: 2000 },
      traits: ['HW_CPU_X86_AVX2', ...(i % 3 === 0 ? ['CUSTOM_SSD'] : [])],
      aggregates: [`az${i % 20}`],
    };
  }
  return buildWorld(spec);
}

/** Each host is reached by the pools of its rack; `together` lets it take from all pools. */
function hostsWithPools(count: number, pools: number, together: boolean): View {
  const spec: Spec = {};
  const aggregate = (pool: number): string => (together ? 'all' : `rack${pool}`);
  for (let i = 0; i < count; i++) {
    // Two racks each, so that all pools depend on each other.
    spec[`host${i}`] = {
      inventory: { VCPU: { total: 32, used: i % 16 }, MEMORY_MB: 131072 },
      aggregates: [...new Set([aggregate(i % pools), aggregate((i + 1) % pools)])],
    };
  }
  for (let pool = 0; pool < pools; pool++) {
    spec[`pool${pool}`] = {
      inventory: { DISK_GB: 20_000 + 7 * pool },
      traits: ['MISC_SHARES_VIA_AGGREGATE'],
      aggregates: [aggregate(pool)],
    };
  }
  return buildWorld(spec);
}

function numaHosts(count: number, alike: boolean): View {
  const spec: Spec = {};
  for (let i = 0; i < count; i++) {
    const host = `host${i}`;
    const used = alike ? 0 : i % 7;
    spec[host] = { inventory: { MEMORY_MB: { total: 131072, used: alike ? 0 : i }, DISK_GB: 2000 } };
    for (const cell of [0, 1]) {
      spec[`${host}-numa${cell}`] = { parent: host, inventory: { VCPU: { total: 16, used } } };
      spec[`${host}-numa${cell}-gpu`] = { parent: `${host}-numa${cell}`, inventory: { VGPU: 2 } };
      spec[`${host}-numa${cell}-pf`] = { parent: `${host}-numa${cell}`, inventory: { VF: 8 } };
    }
  }
  return buildWorld(spec);
}

function wideTree(children: number, unitsEach: number): View {
  const spec: Spec = { cn: { inventory: { VCPU: 64 } } };
  for (let i = 0; i < children; i++) spec[`pf${i}`] = { parent: 'cn', inventory: { VF: unitsEach } };
  return buildWorld(spec);
}

const FLAT = 'resources=VCPU:2,MEMORY_MB:4096';
const DISK = 'resources=VCPU:2,DISK_GB:20';
const NUMA =
  'resources=MEMORY_MB:512&resources_C=VCPU:2&resources_G=VGPU:1&resources_N=VF:1&group_policy=none&same_subtree=_C,_G';

console.log(`${''.padEnd(52)} ${'best'.padStart(8)} ${'median'.padStart(8)}`);
const flat = flatHosts(10_000);
measure('C1: 10,000 lone hosts', flat, FLAT);
measure('C1: 10,000 lone hosts, traits and aggregates', flat, `${FLAT}&required=CUSTOM_SSD&member_of=az3`);
measure('C1: 100,000 lone hosts', flatHosts(100_000), FLAT, 7);
measure('C2: 10,000 hosts, 500 pools, two for each', hostsWithPools(10_000, 500, false), DISK);
measure('C2: 10,000 hosts, 500 pools for all', hostsWithPools(10_000, 500, true), DISK);
measure(
  'C4: 200 nested hosts, isolate',
  numaHosts(200, false),
  'resources_1=VF:1&resources_2=VF:1&group_policy=isolate',
);
measure('bounds: 200 nested hosts, alike, same_subtree', numaHosts(200, true), NUMA, 5);
measure('bounds: 200 nested hosts, all different', numaHosts(200, false), NUMA, 5);
measure('bounds: 5,000 nested hosts, all different', numaHosts(5_000, false), NUMA, 3);
measure(
  'bounds: a tree of 64, two amounts',
  wideTree(64, 7),
  'resources_1=VF:3&resources_2=VF:4&resources_3=VF:2&group_policy=none',
  3,
);
measure('bounds: a tree of 12, two amounts', wideTree(12, 6), 'resources_1=VF:3&resources_2=VF:4&group_policy=none', 3);
