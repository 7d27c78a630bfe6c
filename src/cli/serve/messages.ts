import type { Config } from '../../config.js';

/** What the primary process tells a worker. */
export type ToWorker =
  | { readonly kind: 'begin'; readonly worker: number; readonly config: Config; readonly connection: string }
  /** Comes with a connection. */
  | { readonly kind: 'take'; readonly id: number }
  | { readonly kind: 'announce' }
  /** Milliseconds. */
  | { readonly kind: 'end'; readonly deadline: number }
  | { readonly kind: 'hurry' };

/** What a worker tells the primary process. */
export type FromWorker =
  | { readonly kind: 'hello' }
  | { readonly kind: 'ready' }
  /** It ends before it was ready. `foreseen`: another attempt would not help. */
  | { readonly kind: 'failed'; readonly reason: string; readonly foreseen: boolean }
  /** The connection is its own from now on. */
  | { readonly kind: 'taken'; readonly id: number };
