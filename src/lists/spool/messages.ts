import type { DatabaseOptions } from '../../db/options.js';
import type { JobSettings, SpooledList } from '../model.js';
import type { PartLimits } from '../pack/pack.js';

/** The messages between spool.ts and its thread (thread.ts). */

/** The arguments of a thread. */
export interface SpoolWork {
  readonly database: DatabaseOptions;
  readonly settings: JobSettings;
  readonly source: string;
  readonly uuid: string;
  readonly folder: string;
  readonly limits: PartLimits;
  /** The longest time of a statement, in milliseconds. */
  readonly timeout: number;
}

/** `stop`: the thread cancels the statement and ends. `seen`: the response to each `progress`, which shows how late the main thread is. */
export type ToSpoolWorker = 'stop' | 'seen';

export type FromSpoolWorker =
  | { readonly type: 'progress'; readonly rows: number; readonly expected: number }
  | { readonly type: 'done'; readonly list: SpooledList }
  /** `path`: the path of the file, for an error of the file system. */
  | { readonly type: 'failed'; readonly message: string; readonly code?: string; readonly path?: string };
