import type pg from 'pg';
import { databaseUnavailable, type ApiError } from '../errors.js';
import type { Availability } from './availability.js';
import { closeClient, destroyClient } from './close-client.js';
import { isRejected, isUnavailable, UnusableDatabase, withAdvice } from './failures.js';
import type { Watchdog } from './watchdog.js';

/** One connection. It opens when a caller needs it, and again after it broke. */
export interface ReconnectingClient {
  /**
   * Runs statements that read. When the connection turns out to be broken, it runs them once more on a new one.
   *
   * @throws ApiError 503 while the database cannot be used
   */
  use<T>(read: (client: pg.Client) => Promise<T>): Promise<T>;
  /** The error that {@link use} would throw at present; null when a caller should try. */
  rejection(): ApiError | null;
  /** Sets the work that must succeed with {@link use} before an outage ends. It runs before any request. */
  recoverWith(attempt: (use: ReconnectingClient['use']) => Promise<unknown>): void;
  /** Rejects new callers, waits briefly for running work, and closes the connection. */
  close(underWay: Promise<unknown>): Promise<void>;
}

const GOODBYE_MS = 500;

/** @param connect makes a connected client, with a deadline on its statements */
export function createReconnectingClient(
  connect: () => Promise<pg.Client>,
  availability: Availability,
  watchdog: Watchdog,
): ReconnectingClient {
  let client: pg.Client | null = null;
  let isClosed = false;

  async function use<T>(read: (client: pg.Client) => Promise<T>): Promise<T> {
    const rejection = availability.rejectionOfReads();
    if (rejection !== null) throw rejection;
    return attempt(read, use);
  }

  const useDuringOutage: ReconnectingClient['use'] = (read) => attempt(read, useDuringOutage);

  /** @param again runs the work on a new connection after the old one turned out to be broken */
  async function attempt<T>(read: (client: pg.Client) => Promise<T>, again: ReconnectingClient['use']): Promise<T> {
    const reused = client !== null;
    try {
      const connection = client ?? (await reconnect());
      watchdog.busy(connection);
      try {
        return await read(connection);
      } finally {
        watchdog.idle(connection);
      }
    } catch (error) {
      if (!isUnavailable(error) && !isRejected(error) && !(error instanceof UnusableDatabase)) throw withAdvice(error);
      disconnect();
      if (reused) return again(read);
      throw availability.failed(error);
    }
  }

  async function reconnect(): Promise<pg.Client> {
    if (isClosed) throw databaseUnavailable();
    const fresh = await connect();
    fresh.on('error', () => {
      disconnect(fresh);
    });
    watchdog.watch(fresh);
    client = fresh;
    return fresh;
  }

  function disconnect(broken = client): void {
    if (client === broken) client = null;
    if (broken === null) return;
    broken.end().catch(() => undefined);
    // On a half-open connection `end` would wait forever.
    destroyClient(broken);
  }

  // A caller that waits gets its error at once.
  availability.onOutage(() => {
    disconnect();
  });

  return {
    use,
    rejection: availability.rejectionOfReads,
    recoverWith(recover) {
      availability.recoverWith(() => recover(useDuringOutage));
    },
    async close(underWay) {
      isClosed = true;
      availability.close();
      // The work may wait for a response that never comes.
      const impatience = setTimeout(() => {
        disconnect();
      }, GOODBYE_MS);
      await underWay;
      clearTimeout(impatience);
      if (client !== null) await closeClient(client);
    },
  };
}
