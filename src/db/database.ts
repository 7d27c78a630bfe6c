import type pg from 'pg';
import type { Logger } from 'pino';
import type { Config } from '../config.js';
import { createDatabaseHealth } from './health.js';
import { databaseOptions } from './options.js';
import { connectClient, createPool, type Pool } from './pool.js';
import { createWatchdog } from './watchdog.js';

/** A pool for a process without a topology; the caller closes it. */
export function openPool(config: Config, connectionString: string, log: Logger): Pool {
  const database = databaseOptions(config, connectionString);
  const watchdog = createWatchdog({
    connect: () => connectClient({ ...database, statementTimeout: database.connectTimeout }),
    patience: database.connectTimeout / 2,
    onUnreachable: () => undefined,
  });
  return createPool(database, { health: createDatabaseHealth(log), watchdog, onUnreachable: () => undefined });
}

/** One connection, for what the command line asks; the caller ends it. */
export function connectDatabase(config: Config, connectionString: string): Promise<pg.Client> {
  return connectClient(databaseOptions(config, connectionString));
}
