import type { Logger } from 'pino';
import type { Config } from '../config.js';
import type { DatabaseOptions } from '../db/options.js';
import type { Pool } from '../db/pool.js';
import type { ListMeters } from '../ops/metrics/lists.js';
import { createCleaner } from './clean/clean.js';
import { folderDestination } from './destination/folder.js';
import { s3Destination } from './destination/s3.js';
import { readGauges, spoolBytes, type ListGauge } from './run/gauges.js';
import type { Destination, ListBucket } from './model.js';
import { createMessengers } from './notify/deliver.js';
import { listsOptions, type ListsContext } from './options.js';
import { spoolList } from './spool/spool.js';
import { createListWorker } from './run/worker.js';

/** The inventory lists of a process. */
export interface Lists {
  readonly parts: ListsContext;
  readGauges(): Promise<readonly ListGauge[]>;
  spoolBytes(): number;
  /** Stops the worker. Returns at once when this process does no runs. */
  end(deadline: number, hurry: AbortSignal): Promise<void>;
}

export interface ListsSurroundings {
  readonly config: Config;
  /** For the connection with which a thread reads a list. */
  readonly database: DatabaseOptions;
  readonly pool: Pool;
  readonly log: Logger;
  readonly meters: ListMeters;
}

/** Puts the parts of inventory lists together: for the service, and for `stockroom lists work`. */
export function composeLists({ config, database, pool, log, meters }: ListsSurroundings): Lists {
  const options = listsOptions(config);
  const destinationOf = (bucket: ListBucket): Destination =>
    bucket.type === 'folder'
      ? folderDestination(bucket.path)
      : s3Destination(bucket, {
          onWarning: (text) => {
            log.warn({ bucket: bucket.name }, `lists bucket ${bucket.name}: ${text}`);
          },
        });
  const cleaner = createCleaner({ ...options, pool, log, destinationOf, onFailure: meters.cleanFailure });
  const messages = { ...options, pool, log, onHook: meters.hook };
  const worker =
    options.runs === 0
      ? null
      : createListWorker({
          ...options,
          pool,
          log,
          meter: meters,
          destinationOf,
          spoolList: (request) => spoolList({ ...request, database }),
          chores: [...createMessengers(messages), cleaner],
        });
  return {
    parts: {
      ...options,
      pool,
      poke: () => worker?.poke(),
    },
    readGauges: () => readGauges(pool),
    spoolBytes: () => spoolBytes(options.spool),
    end: (deadline, hurry) => worker?.stop(deadline, hurry) ?? Promise.resolve(),
  };
}
