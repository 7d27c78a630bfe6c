import type { Config } from '../config.js';
import type { Readiness } from '../ops/health.js';
import type { MetricsSnapshot } from '../ops/metrics/series.js';

/** Messages of the primary process to a worker. */
export type ToWorker =
  /** Once, before anything else. */
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
  /** It has loaded the program and can begin. */
  | { readonly kind: 'hello' }
  | { readonly kind: 'ready' }
  /** It has sent its first response. */
  | { readonly kind: 'served' }
  /** It ends before it was ready. `foreseen`: another attempt would not help. */
  | { readonly kind: 'failed'; readonly reason: string; readonly foreseen: boolean }
  /** The connection is its own from now on. */
  | { readonly kind: 'taken'; readonly id: number }
  | { readonly kind: 'reply'; readonly id: number; readonly value: unknown }
  /** What it has counted, before it ends. */
  | { readonly kind: 'counted'; readonly snapshot: MetricsSnapshot };

/** Queries of the primary process to a worker, for the admin listener and the watchdog, and the replies. */
export interface Replies {
  readonly alive: true;
  readonly readiness: Readiness;
  readonly snapshot: MetricsSnapshot;
  readonly capacity: string;
}

export type WorkerQuery = keyof Replies;
