import type { Registry } from 'prom-client';
import type { ListGauge } from '../../lists/run/gauges.js';
import type { CleanDeps } from '../../lists/clean/clean.js';
import type { NotifyDeps } from '../../lists/notify/deliver.js';
import type { ListMeter } from '../../lists/run/attempt.js';
import { addHistogram } from './histogram.js';
import { addSeries, type Labels, type Sample } from './series.js';

/** The functions with which this process counts events of inventory lists. */
export interface ListMeters extends ListMeter {
  readonly hook: NotifyDeps['onHook'];
  readonly cleanFailure: CleanDeps['onFailure'];
}

/** Buckets in seconds, for lists of a hundred to ten million rows. */
const SECONDS = [0.1, 0.5, 1, 5, 10, 30, 60, 120, 300, 600, 1800, 3600];

/** Counts the ends of runs, skipped due times, messages to hooks, and failures of the cleaner. */
export function meterLists(registry: Registry): ListMeters {
  const runs = addCounter(registry, {
    name: 'stockroom_list_runs_total',
    help: 'Attempts of runs of inventory jobs that ended in this process: succeeded, failed (for good), retried (another attempt follows), given_back (the process ended), or lost (taken over, cancelled, or the database was away).',
  });
  const durations = addHistogram(registry, {
    name: 'stockroom_list_run_duration_seconds',
    help: 'Successful runs of inventory jobs, by phase: reading, or uploading and publishing.',
    buckets: SECONDS,
  });
  const [reading, uploading] = [durations.series({ phase: 'reading' }), durations.series({ phase: 'uploading' })];
  const skipped = addCounter(registry, {
    name: 'stockroom_list_due_skipped_total',
    help: 'Due times of inventory jobs without a run: no process ran, or an earlier run was not over.',
  });
  const hooks = addCounter(registry, {
    name: 'stockroom_list_hooks_total',
    help: 'Messages to the hooks of inventory jobs, by outcome: received, failed (sent again later), given_up.',
  });
  const cleanFailures = addCounter(registry, {
    name: 'stockroom_list_clean_failures_total',
    help: 'Attempts of the cleaner to remove lists or leftovers that the bucket rejected or did not respond to.',
  });
  skipped({}, 0);
  return {
    ended(list, outcome, done) {
      runs({ list, outcome });
      if (done === undefined) return;
      reading(done.reading);
      uploading(done.uploading);
    },
    skipped(count) {
      skipped({}, count);
    },
    hook(hook, outcome) {
      hooks({ hook, outcome });
    },
    cleanFailure(bucket) {
      cleanFailures({ bucket });
    },
  };
}

/** Shows the jobs of the database. Every process has the same numbers. */
export function showLists(registry: Registry, gauges: () => readonly ListGauge[], spoolBytes: () => number): void {
  const add = (name: string, help: string, valueOf: (gauge: ListGauge) => number | null): void => {
    addSeries(registry, { name, help, type: 'gauge', aggregator: 'max' }, function* samples(): Generator<Sample> {
      for (const gauge of gauges()) {
        const value = valueOf(gauge);
        if (value !== null) yield { value, labels: { list: gauge.list } };
      }
    });
  };
  add(
    'stockroom_list_last_success_timestamp_seconds',
    'When the newest successful run of an inventory job ended; for one without any, when the job was set. Only jobs that are enabled.',
    ({ enabled, lastSuccess }) => (enabled ? lastSuccess : null),
  );
  add(
    'stockroom_list_interval_seconds',
    'The time between two due times of an inventory job. Only jobs that are enabled.',
    ({ enabled, interval }) => (enabled ? interval : null),
  );
  add('stockroom_list_rows', 'Rows of the newest list of an inventory job.', ({ rows }) => rows);
  add(
    'stockroom_list_bytes',
    'Bytes of the newest list of an inventory job, packed, without its manifest.',
    ({ bytes }) => bytes,
  );
  addSeries(
    registry,
    {
      name: 'stockroom_list_spool_bytes',
      help: 'Bytes in the spool of inventory lists on this machine.',
      type: 'gauge',
      aggregator: 'max',
    },
    () => [{ value: spoolBytes(), labels: {} }],
  );
}

function addCounter(
  registry: Registry,
  definition: { name: string; help: string },
): (labels: Labels, by?: number) => void {
  const counts = new Map<string, { labels: Labels; value: number }>();
  addSeries(registry, { ...definition, type: 'counter' }, () => counts.values());
  return (labels, by = 1) => {
    const key = JSON.stringify(labels);
    const one = counts.get(key) ?? { labels, value: 0 };
    one.value += by;
    counts.set(key, one);
  };
}
