import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { Registry } from 'prom-client';
import type { CandidatesResult } from '../../../src/candidates/search.js';
import { renderCapacity } from '../../../src/ops/metrics/capacity.js';
import { meterSearches } from '../../../src/ops/metrics/domain.js';
import type { ProviderState } from '../../../src/topology/changes.js';
import { Topology } from '../../../src/topology/topology.js';

function topologyOf(providers: number): Topology {
  const topology = new Topology();
  topology.apply({
    resourceClasses: ['VCPU', 'MEMORY_MB', 'DISK_GB'].map((name, id) => [id, [id, name, 0]] as const),
    traits: [],
    providers: Array.from({ length: providers }, (_, index) => {
      const id = index + 1;
      const inventory = [id, 0, 1, id, 1, 1.5, 1, 0] as const;
      const state: ProviderState = [
        id,
        randomUUID(),
        `host-${id}`,
        3,
        null,
        id,
        0,
        [
          [0, ...inventory],
          [1, ...inventory],
          [2, ...inventory],
        ],
        null,
        null,
      ];
      return [id, state] as const;
    }),
  });
  return topology;
}

describe('the capacity gauges of 10,000 providers', () => {
  const SIZE = 10_000;
  const topology = topologyOf(SIZE);

  it('are all there, each metric in one piece', async () => {
    const text = await renderCapacity(topology, SIZE);
    const lines = text.trimEnd().split('\n');
    const names = lines.filter((line) => !line.startsWith('#')).map((line) => line.replace(/[{ ].*/, ''));
    const runs = names.filter((name, index) => name !== names[index - 1]);
    assert.deepEqual(runs, [
      'stockroom_capacity_providers_left_out',
      ...['total', 'reserved', 'allocation_ratio', 'usage', 'generation'].map(
        (what) => `openstack_placement_resource_${what}`,
      ),
    ]);
    assert.equal(names.length, 1 + 5 * 3 * SIZE);
    assert.ok(lines.includes('openstack_placement_resource_total{hostname="host-9999",resourcetype="DISK_GB"} 9999'));
  });

  it('take little time of the processor, and leave turns to others', async () => {
    await renderCapacity(topology, SIZE);
    let turns = 0;
    let done = false;
    const count = (): void => {
      turns++;
      if (!done) setImmediate(count);
    };
    setImmediate(count);
    const start = process.cpuUsage();
    await renderCapacity(topology, SIZE);
    const { user, system } = process.cpuUsage(start);
    done = true;
    // 60 to 140 ms on the machine this was written on, idle or busy.
    assert.ok(user + system < 1_000_000, `${(user + system) / 1000} ms`);
    assert.ok(turns >= 100, `${turns} turns`);
  });

  it('show the oldest providers up to the limit, whatever changed last', async () => {
    const small = topologyOf(4);
    const [first] = small.providers.values();
    assert.ok(first !== undefined);
    small.apply({ resourceClasses: [], traits: [], providers: [[1, null]] });
    small.apply({
      resourceClasses: [],
      traits: [],
      providers: [[1, [1, first.uuid, first.name, 4, null, 1, 0, [[0, 1, 0, 1, 1, 1, 1, 0, 0]], null, null]]],
    });
    const text = await renderCapacity(small, 2);
    assert.deepEqual(
      [...text.matchAll(/_total\{hostname="([^"]+)",resourcetype="VCPU"/g)].map(([, name]) => name),
      ['host-1', 'host-2'],
    );
    assert.match(text, /^stockroom_capacity_providers_left_out 2$/m);
  });

  it('are none while there is no topology', async () => {
    const text = await renderCapacity(null, 10);
    assert.match(text, /^stockroom_capacity_providers_left_out 0$/m);
    assert.ok(!text.includes('hostname='));
  });
});

describe('the meter of searches', () => {
  it('knows those that ended at their bound', async () => {
    const registry = new Registry();
    const onSearch = meterSearches(registry);
    const result = { combinations: [], endedBy: 'steps' } as unknown as CandidatesResult;
    onSearch(result, 3);
    onSearch({ ...result, endedBy: null }, 0.0001);
    const text = await registry.metrics();
    assert.match(text, /_count\{outcome="limited"\} 1/);
    assert.match(text, /_sum\{outcome="limited"\} 3/);
    // A bound of a bucket belongs to it.
    assert.match(text, /_bucket\{outcome="empty",le="0.0001"\} 1/);
    assert.match(text, /_bucket\{outcome="limited",le="2.5"\} 0\n.*le="5"\} 1/);
  });
});
