import os from 'node:os';
import path from 'node:path';
import type { Config } from '../config.js';
import type { Pool } from '../db/pool.js';
import { defaultDataDir } from '../ops/process.js';
import type { ListBucket } from './model.js';
import type { EndDeps } from './run/rows.js';
import type { JobChoices } from './job/settings.js';

/** The configuration of inventory lists, for the service and for commands. */
export interface ListsOptions extends JobChoices {
  readonly hooks: Config['listHooks'];
  /** The folder in which lists are packed before they are uploaded. */
  readonly spool: string;
  /** The name of this machine in runs. */
  readonly host: string;
  /** The most runs at a time; 0 when this process does none. */
  readonly runs: number;
}

/** The dependencies of the routes of inventory lists, in the API and in the dialects. */
export interface ListsContext extends EndDeps, ListsOptions {
  readonly pool: Pool;
  /** Lets the worker look for work at once, instead of in some seconds. */
  readonly poke: () => void;
}

/** The name of the built-in bucket. */
export const LOCAL = 'local';

export function listsOptions(config: Config): ListsOptions {
  const inData = (folder: string): string => path.join(path.resolve(config.dataDir ?? defaultDataDir()), folder);
  const local: ListBucket = { type: 'folder', name: LOCAL, path: path.resolve(config.listsDir ?? inData('lists')) };
  return {
    source: config.listsSource,
    at: config.listsAt,
    buckets: [...(config.listsLocal ? [local] : []), ...config.listBuckets],
    hooks: config.listHooks,
    spool: path.resolve(config.listsSpool ?? inData('lists-spool')),
    host: os.hostname(),
    runs: config.listsWorker ? config.listsRuns : 0,
  };
}
