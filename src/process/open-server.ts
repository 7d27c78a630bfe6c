import type { Logger } from 'pino';
import type { Config } from '../config.js';
import { prepareDatabase } from './prepare-database.js';
import type { Server } from './server.js';
import { waitForDatabase } from './wait-for-database.js';
import { serveWithWorkers, workersOf } from './worker-pool.js';

/**
 * Waits for the database, brings its schema up to date, and serves: in this process, or with workers.
 *
 * @returns null when the process is told to stop before it is ready
 * @throws as {@link waitForDatabase} and the servers
 */
export async function openServer(
  config: Config,
  connectionOf: (config: Config) => string,
  log: Logger,
  stop: AbortSignal,
): Promise<Server | null> {
  const connection = connectionOf(config);
  const server = await waitForDatabase(config, connection, stop, async () => {
    await prepareDatabase(config, connection, log);
    if (workersOf(config) > 1) return null;
    // The process that only distributes connections does without the service, half a second of its start.
    const { serveInProcess } = await import('./in-process.js');
    return await serveInProcess(config, connectionOf, log, stop);
  });
  if (server !== null || stop.aborted) return server;
  return serveWithWorkers(config, connectionOf, log, stop);
}
