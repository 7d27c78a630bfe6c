import type { View } from '../src/topology/model.js';
import { buildWorld, type ProviderSpec } from '../test/support/topology-world.js';

/** Hosts as compute nodes are: a few trait sets, one aggregate in twenty hosts, one host in a hundred with a rare trait. */
export function flatHosts(count: number): View {
  const spec: Record<string, ProviderSpec> = {};
  for (let i = 0; i < count; i++) {
    spec[`host${i}`] = {
      inventory: { VCPU: { total: 32, used: i % 16, ratio: 4 }, MEMORY_MB: 131072, DISK_GB: 2000 },
      traits: ['HW_CPU_X86_AVX2', ...(i % 3 === 0 ? ['CUSTOM_SSD'] : []), ...(i % 100 === 0 ? ['CUSTOM_RARE'] : [])],
      aggregates: [`az${i % 20}`],
    };
  }
  return buildWorld(spec);
}

/** Hosts with two NUMA cells, each with a GPU and a physical function, and an empty child. */
export function numaHosts(count: number): View {
  const spec: Record<string, ProviderSpec> = {};
  for (let i = 0; i < count; i++) {
    const host = `host${i}`;
    spec[host] = { inventory: { MEMORY_MB: 131072, DISK_GB: 2000 } };
    for (const cell of [0, 1]) {
      spec[`${host}-numa${cell}`] = { parent: host, inventory: { VCPU: 16 }, traits: ['HW_NUMA_ROOT'] };
      spec[`${host}-numa${cell}-gpu`] = { parent: `${host}-numa${cell}`, inventory: { VGPU: 2 } };
      spec[`${host}-numa${cell}-pf`] = { parent: `${host}-numa${cell}`, inventory: { VF: 8 } };
    }
    spec[`${host}-empty`] = { parent: host };
  }
  return buildWorld(spec);
}
