import type pg from 'pg';
import { databaseUnavailable, type ApiError } from '../errors.js';
import type { Availability } from './availability.js';
import { closeClient, destroyClient } from './close-client.js';
import { isRejected, isUnavailable, UnusableDatabase, withAdvice } from './failures.js';
import type { Watchdog } from './watchdog.js';

/** One connection that is made when it is needed, and made anew when it was cut. */
export interface ReconnectingClient {
  /**
   * Runs reading statements, once more on a new connection when the one there was turns out to have been cut.
   *
   * @throws ApiError 503 while the database cannot be used
   */
  use<T>(read: (client: pg.Client) => Promise<T>): Promise<T>;
  /** Why {@link use} would be rejected at present; null when it is worth trying. */
  rejection(): ApiError | null;
  /** After an outage, requests are let in when this has succeeded with {@link use}, which lets it through before them. */
  recoverWith(attempt: (use: ReconnectingClient['use']) => Promise<unknown>): void;
  /** Serves no more requests, waits for what is under way, but not long, and closes the connection. */
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

  /** @param again how it is tried on a new connection when the one there was turns out to have been cut */
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
    // On a black-holed connection `end` would wait for a response for ever.
    destroyClient(broken);
  }

  // A caller that waits for a response is told at once.
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
      // It may wait for a response that never comes.
      const impatience = setTimeout(() => {
        disconnect();
      }, GOODBYE_MS);
      await underWay;
      clearTimeout(impatience);
      if (client !== null) await closeClient(client);
    },
  };
}
