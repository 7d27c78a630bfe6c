import type { Config } from '../config.js';
import type { Readiness } from '../ops/health.js';
import type { MetricsSnapshot } from '../ops/metrics/series.js';

/** Messages of the primary process to a worker. */
export type ToWorker =
  /** The first message, sent once. */
  | { readonly kind: 'begin'; readonly worker: number; readonly config: Config; readonly connection: string }
  /** Comes with a connection. */
  | { readonly kind: 'take'; readonly id: number }
  | { readonly kind: 'announce' }
  /** The deadline is in milliseconds. */
  | { readonly kind: 'end'; readonly deadline: number }
  | { readonly kind: 'hurry' }
  | { readonly kind: 'ask'; readonly id: number; readonly what: WorkerQuery };

/** Messages of a worker to the primary process. */
export type FromWorker =
  /** The worker has loaded the program and can begin. */
  | { readonly kind: 'hello' }
  | { readonly kind: 'ready' }
  /** The worker has sent its first response. */
  | { readonly kind: 'served' }
  /** The worker ends before it was ready. `foreseen`: another attempt would fail as well. */
  | { readonly kind: 'failed'; readonly reason: string; readonly foreseen: boolean }
  /** The worker owns the connection from now on. */
  | { readonly kind: 'taken'; readonly id: number }
  | { readonly kind: 'reply'; readonly id: number; readonly value: unknown }
  /** The counters of the worker, before it ends. */
  | { readonly kind: 'counted'; readonly snapshot: MetricsSnapshot };

/** Queries of the primary process to a worker, for the admin listener and the watchdog, and the replies. */
export interface Replies {
  readonly alive: true;
  readonly readiness: Readiness;
  readonly snapshot: MetricsSnapshot;
  readonly capacity: string;
}

export type WorkerQuery = keyof Replies;
