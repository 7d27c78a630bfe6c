import { setTimeout } from 'node:timers/promises';
import { backOff } from '../back-off.js';
import { withoutSecrets } from '../database-url/secrets.js';
import { ConfigError, type Config } from '../config.js';
import { isRejected, isUnavailable, reasonOf } from '../db/failures.js';
import { ApiError } from '../errors.js';
import { say } from '../ops/terminal.js';
import { unlessAborted } from './unless-aborted.js';

/**
 * Does something again and again while the database is away. An attempt may wait for long (for another process that
 * migrates, for a server that does not respond): when the process is told to stop, the attempt is not waited for.
 *
 * @returns null when the process is told to stop meanwhile
 * @throws ConfigError when the database rejects the login, or was tried `max_retries` times
 */
export async function waitForDatabase<T>(
  config: Config,
  connection: string,
  stop: AbortSignal,
  attempt: () => Promise<T>,
): Promise<T | null> {
  const isStopped = (): boolean => stop.aborted;
  const interval = config.retryInterval === null ? null : config.retryInterval * 1000;
  for (let retries = 0; !isStopped(); retries++) {
    try {
      return await unlessAborted(stop, attempt());
    } catch (error) {
      if (isStopped()) return null;
      const problem = `The database at ${withoutSecrets(connection)} cannot be used: ${reasonOf(error)}.`;
      if (isRejected(error)) throw new ConfigError(problem);
      // The topology reports a database that is away as any request would see it.
      if (!isUnavailable(error) && !(error instanceof ApiError)) throw error;
      if (retries === config.maxRetries) throw new ConfigError(`${problem} Given up after ${retries} more attempts.`);
      const wait = interval ?? backOff(retries + 1, { first: 250, longest: 10_000 });
      say(`${problem} Trying again in ${wait / 1000} s.`);
      await setTimeout(wait, undefined, { signal: stop }).catch(() => undefined);
    }
  }
  return null;
}
