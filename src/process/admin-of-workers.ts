import type { AdminParts } from '../ops/admin.js';
import type { Readiness } from '../ops/health.js';
import { countsOf, renderMetrics } from '../ops/metrics.js';
import type { MetricsSnapshot } from '../ops/metrics/series.js';
import type { WorkerHandle } from './worker-handle.js';

interface Workers {
  readonly serving: () => readonly WorkerHandle[];
  /** How many workers the configuration asks for. */
  readonly wanted: () => number;
  readonly isDraining: () => boolean;
  /** How many workers have ended by themselves. */
  readonly deaths: () => number;
}

/** The data of the admin listener for all workers together. */
export function adminOfWorkers({ serving, wanted, isDraining, deaths }: Workers): AdminParts & {
  arrived(worker: WorkerHandle): void;
  /** Keeps what the worker has counted: counters only grow. */
  departed(worker: WorkerHandle): void;
} {
  /** The workers whose counts are not in `gone` yet. At any moment the counts of each worker are in one of the two. */
  const known = new Set<WorkerHandle>();
  let gone: MetricsSnapshot = [];
  let adding = Promise.resolve();

  async function readiness(): Promise<Readiness> {
    const replies = await Promise.all(serving().map((worker) => worker.ask('readiness')));
    const ready = replies.filter((reply) => reply?.ready === true);
    const draining = isDraining();
    const one = ready[0] ?? replies.find((reply) => reply !== undefined);
    return {
      ...(one ?? { ready: false, reason: 'no worker responds' }),
      ...(draining ? { ready: false, reason: 'draining' } : {}),
      draining,
      workers: { ready: ready.length, of: wanted() },
    };
  }

  async function metrics(): Promise<string> {
    const [before, workers] = [gone, [...known]];
    // A worker that is busy or ends may not reply. Its counts are then those of its last reply.
    const snapshots = await Promise.all(workers.map(async (one) => (await one.ask('snapshot')) ?? one.counted()));
    const capacity = await serving()[0]?.ask('capacity');
    const own = ownMetrics({ workers: serving().length, deaths: deaths() });
    return renderMetrics([before, ...snapshots, own], capacity ?? '');
  }

  return {
    alive: () => ({ status: 'alive' }),
    readiness,
    metrics,
    arrived(worker) {
      known.add(worker);
    },
    departed(worker) {
      adding = adding.then(async () => {
        gone = await countsOf([gone, worker.counted()]);
        known.delete(worker);
      });
    },
  };
}

function ownMetrics(numbers: { workers: number; deaths: number }): MetricsSnapshot {
  const series = (name: string, help: string, type: string, value: number): unknown => ({
    ...{ name, help, type, aggregator: 'sum', values: [{ value, labels: {} }] },
  });
  return [
    series('stockroom_workers', 'Worker processes that serve.', 'gauge', numbers.workers),
    series(
      'stockroom_worker_deaths_total',
      'Worker processes that ended without being told.',
      'counter',
      numbers.deaths,
    ),
  ] as MetricsSnapshot;
}
