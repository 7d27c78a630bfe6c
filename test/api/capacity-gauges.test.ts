import assert from 'node:assert/strict';
import { Writable } from 'node:stream';
import { pino } from 'pino';
import { readConfig } from '../../src/config.js';
import { checkOptions } from '../../src/process/check-options.js';
import { createShapeGauges } from '../../src/resources/capacity/gauges.js';
import { shapesOf } from '../../src/resources/capacity/shapes.js';
import { createSlices } from '../../src/event-loop.js';
import { defaultConfig } from '../../src/config.js';
import { claim } from '../support/claims.js';
import { startAdmin, type Metrics } from '../support/metrics.js';
import { createProvider, setInventories, startTestService } from '../support/service.js';
import { until } from '../support/until.js';
import { buildWorld } from '../support/topology-world.js';

const SMALL = 'm1.small resources=VCPU:1,MEMORY_MB:512';
const LARGE = 'm1.large resources=VCPU:8,MEMORY_MB:4096';

describe('the capacity of shapes in the metrics', () => {
  it('is shown for each, under the names that dashboards know', async () => {
    const test = await startTestService({ config: { capacityShape: [SMALL, LARGE, 'none resources=VCPU:64'] } });
    const admin = await startAdmin(test.service);
    try {
      const uuid = await createProvider(test.api, 'h1');
      await setInventories(test.api, uuid, { VCPU: { total: 16 }, MEMORY_MB: { total: 32768 } });
      await claim(test.api, { [uuid]: { VCPU: 6 } }).expect(204);
      // A scrape on a busy machine may come before the first numbers.
      let metrics: Metrics | undefined;
      await until('the shapes have been counted', async () => {
        metrics = await admin.metrics();
        return metrics.names.has('stockroom_capacity_fits');
      });
      const value = metrics!.value;
      for (const [shape, fits, pooled, trees] of [
        ['m1.small', 10, 10, 1],
        ['m1.large', 1, 1, 1],
        ['none', 0, 0, 0],
      ] as const) {
        assert.equal(value(`stockroom_capacity_fits{shape="${shape}",bound="at_least"}`), fits);
        assert.equal(value(`stockroom_capacity_fits{shape="${shape}",bound="at_most"}`), fits);
        assert.equal(value(`stockroom_capacity_fits_if_pooled{shape="${shape}"}`), pooled);
        assert.equal(value(`stockroom_capacity_trees{shape="${shape}"}`), trees);
        assert.equal(value(`openstack_free_capacity_by_flavor_total{flavor_name="${shape}"}`), fits);
      }
      assert.ok((value('stockroom_capacity_age_seconds') ?? -1) >= 0);
      await until('their time is among the durations', async () => {
        const count = (await admin.metrics()).value('stockroom_capacity_duration_seconds_count');
        return (count ?? 0) >= 3;
      });
    } finally {
      admin.close();
      await test.close();
    }
  });

  /** Gauges of a world in memory, with a clock of the test's own. */
  function gaugesOf(shapes: readonly string[], { slices = createSlices(), patience = 60_000 } = {}) {
    const world = buildWorld({ h1: { inventory: { VCPU: 16, MEMORY_MB: 32768 } } });
    const lines: string[] = [];
    const write = (line: Buffer, _: unknown, done: () => void): void => {
      lines.push(line.toString());
      done();
    };
    const log = pino(new Writable({ write }));
    const clock = { now: 0 };
    let asked = 0;
    const gauges = createShapeGauges({
      shapes: shapesOf({ capacityShape: shapes }),
      topology: { current: () => Promise.resolve((asked++, world)), whole: () => world },
      slices,
      maxSteps: 10_000,
      log,
      onCapacity: () => undefined,
      now: () => clock.now,
      patience,
    });
    return { gauges, clock, lines, asked: () => asked };
  }

  it('is counted every 15 seconds at most, however often it is read', async () => {
    const { gauges, clock, asked } = gaugesOf([SMALL]);
    for (const [now, age, times] of [
      [0, 0, 1],
      [5_000, 5, 1],
      [14_999, 14.999, 1],
      [15_000, 0, 2],
      [16_000, 1, 2],
    ] as const) {
      clock.now = now;
      const found = await gauges.read();
      assert.deepEqual([found?.age, asked()], [age, times]);
      assert.deepEqual(found?.shapes, [
        {
          name: 'm1.small',
          query: 'resources=VCPU:1,MEMORY_MB:512',
          atLeast: 16,
          atMost: 16,
          ifPooled: 16,
          trees: 1,
          limits: ['resources.VCPU'],
        },
      ]);
    }
  });

  it('is as it was while new numbers take long, and no second count begins', async () => {
    const slices = createSlices();
    let blocked: (() => void) | null = null;
    let isSlow = false;
    const first = (): Promise<void> => (isSlow ? new Promise((resolve) => (blocked = resolve)) : slices.first());
    const slow = { ...slices, isFree: () => !isSlow && slices.isFree(), first };
    const { gauges, clock, asked } = gaugesOf([SMALL], { slices: slow, patience: 200 });
    await until('there are numbers', async () => (await gauges.read()) !== null);
    [isSlow, clock.now] = [true, 20_000];
    const during = await gauges.read();
    assert.deepEqual([during?.age, during?.shapes[0]?.atLeast, asked()], [20, 16, 2]);
    clock.now = 40_000;
    assert.deepEqual([(await gauges.read())?.age, asked()], [40, 2]);
    isSlow = false;
    blocked!();
    // The count is of 20 s; a read after it may begin the next.
    await until('the count has ended', async () => ((await gauges.read())?.age ?? 40) < 40);
  });

  it('is 0 for a class that does not exist, which the log says once', async () => {
    const { gauges, clock, lines } = gaugesOf(['odd resources=CUSTOM_NOTHING:1', SMALL]);
    for (let scrape = 0; scrape < 3; scrape++) {
      clock.now = scrape * 20_000;
      const [odd, small] = (await gauges.read())?.shapes ?? [];
      assert.deepEqual([odd?.atLeast, odd?.atMost, small?.atLeast], [0, 0, 16]);
    }
    assert.deepEqual([lines.length, /CUSTOM_NOTHING/.test(lines[0] ?? '')], [1, true]);
  });

  it('is configured by a repeated option; a wrong one keeps the service from starting', () => {
    const config = (text: string) => readConfig({ argv: [], env: { OS_STOCKROOM__CAPACITY_SHAPE: text } });
    assert.deepEqual(config(`${SMALL}\n${LARGE}`).capacityShape, [SMALL, LARGE]);
    for (const wrong of ['m1.small', 'M1 resources=VCPU:1', `${SMALL}\n${SMALL}`, 'a b c'])
      assert.throws(() => config(wrong), /capacity_shape of \[stockroom\]: expected NAME QUERY/);
    const many = Array.from({ length: 51 }, (_, i) => `m${i} resources=VCPU:1`).join('\n');
    assert.throws(() => config(many), /50 at most/);
    assert.throws(() => {
      checkOptions(defaultConfig({ capacityShape: ['odd resources=VCPU'] }));
    }, /\[stockroom\] capacity_shape odd: the query cannot be read: /);
    assert.throws(() => {
      checkOptions(defaultConfig({ capacityShape: ['odd required=HW_CPU_X86_AVX2'] }));
    }, /\[stockroom\] capacity_shape odd: the query cannot be read: /);
  });
});
