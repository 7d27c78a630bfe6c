import type pg from 'pg';
import type { Logger } from 'pino';
import type { Config } from '../config.js';
import { createAvailability, type Availability } from './availability.js';
import { databaseOptions, type DatabaseOptions } from './options.js';
import { connectClient, createPool, type Pool } from './pool.js';
import { createReconnectingClient, type ReconnectingClient } from './reconnecting-client.js';
import { logLockedRows } from './scheduler/log.js';
import { createWatchdog } from './watchdog.js';

/** One database: its connections in this process and its state. It connects when a caller needs it. */
export interface Database {
  /** For requests. */
  readonly pool: Pool;
  /** For the topology. */
  readonly client: ReconnectingClient;
  /** One more connection; the caller ends it. */
  connect(): Promise<pg.Client>;
  readonly availability: Availability;
}

/** @param connect how connections outside the pool are made */
export function createDatabase(
  options: DatabaseOptions,
  log: Logger,
  connect: (options: DatabaseOptions) => Promise<pg.Client> = connectClient,
): Database {
  const availability = createAvailability(log);
  const watchdog = createWatchdog({
    connect: () => connectClient({ ...options, statementTimeout: options.connectTimeout }),
    patience: options.connectTimeout / 2,
    onUnreachable: availability.unreachable,
  });
  availability.onOutage(watchdog.dropIdle);
  return {
    pool: createPool(options, { availability, watchdog, onLocked: logLockedRows(log) }),
    client: createReconnectingClient(() => connect(options), availability, watchdog),
    connect: () => connect(options),
    availability,
  };
}

/** A pool for a process without a topology; the caller closes it. */
export function openPool(config: Config, connectionString: string, log: Logger): Pool {
  return createDatabase(databaseOptions(config, connectionString), log).pool;
}

/** One connection for a command; the caller ends it. */
export function connectDatabase(config: Config, connectionString: string): Promise<pg.Client> {
  return connectClient(databaseOptions(config, connectionString));
}
