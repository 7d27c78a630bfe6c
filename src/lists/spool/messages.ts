import type { DatabaseOptions } from '../../db/options.js';
import type { JobSettings, SpooledList } from '../model.js';
import type { PartLimits } from '../pack/pack.js';

/** What spool.ts and its thread (thread.ts) tell each other. */

/** The arguments of a thread. */
export interface SpoolWork {
  readonly database: DatabaseOptions;
  readonly settings: JobSettings;
  readonly source: string;
  readonly uuid: string;
  readonly folder: string;
  readonly limits: PartLimits;
  /** Of a statement, milliseconds. */
  readonly timeout: number;
}

/** `stop`: cancel the statement and end. `seen`: the response to each `progress`, which tells how late the main thread is. */
export type ToSpoolWorker = 'stop' | 'seen';

export type FromSpoolWorker =
  | { readonly type: 'progress'; readonly rows: number; readonly expected: number }
  | { readonly type: 'done'; readonly list: SpooledList }
  /** `path`: of the file that an error of the file system is about. */
  | { readonly type: 'failed'; readonly message: string; readonly code?: string; readonly path?: string };
