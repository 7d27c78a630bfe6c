import type pg from 'pg';
import { isOutOfConnections, isRefused, isUnavailable, withAdvice } from '../db/failures.js';
import { cut, hangUp } from '../db/hang-up.js';
import type { DatabaseHealth } from '../db/health.js';
import type { Watchdog } from '../db/watchdog.js';
import { ApiError, databaseBusy, databaseUnavailable } from '../errors.js';
import { UnusableDatabase } from './journal.js';

/** The connection that a topology is read on: made when it is needed, made anew when it was cut, and looked for while away. */
export interface TopologyConnection {
  /**
   * Runs reading statements, once more on a new connection when the one there was turns out to have been cut. While the
   * database is away only attempts get through to it.
   *
   * @throws ApiError 503 while the database cannot be used
   */
  use<T>(read: (client: pg.Client) => Promise<T>, isAttempt?: boolean): Promise<T>;
  /** Why requests are not served at present; null when they are. */
  refusal(): ApiError | null;
  /** Another part found, from a time of `performance.now()` on, that the database cannot be reached. */
  readonly lost: (error: unknown, since: number) => void;
  /** Serves no more requests, waits for what is under way, but not long, and hangs up. */
  close(underWay: Promise<unknown>): Promise<void>;
}

export interface TopologyConnectionOptions {
  /** Makes a connected client for the topology alone, with a deadline on its statements. */
  readonly connect: () => Promise<pg.Client>;
  readonly health: DatabaseHealth;
  readonly watchdog: Watchdog;
  /** Tries, with an attempt of {@link TopologyConnection.use}, to get as far as one must before others are let in. */
  readonly attempt: () => Promise<unknown>;
}

const FIRST_BACK_OFF_MS = 100;
const LONGEST_BACK_OFF_MS = 3000;
const GOODBYE_MS = 500;

export function createTopologyConnection(options: TopologyConnectionOptions): TopologyConnection {
  const { connect, health, watchdog, attempt } = options;
  let client: pg.Client | null = null;
  let closed = false;
  // The reason for which readers are refused, while one attempt after the other is made in the background, each later.
  let trouble: { readonly error: unknown; readonly timer: NodeJS.Timeout } | null = null;
  let backOff = FIRST_BACK_OFF_MS;
  let recoveredAt = 0;

  async function use<T>(read: (client: pg.Client) => Promise<T>, isAttempt = false): Promise<T> {
    if (trouble !== null && !isAttempt) throw refusalOf(trouble.error);
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
      if (!isUnavailable(error) && !isRefused(error) && !(error instanceof UnusableDatabase)) throw withAdvice(error);
      if (client !== null) disconnect(client);
      if (reused) return use(read, isAttempt);
      comeBackLater(error);
      throw refusalOf(error);
    }
  }

  async function reconnect(): Promise<pg.Client> {
    if (closed) throw databaseUnavailable();
    const fresh = await connect();
    fresh.on('error', () => {
      disconnect(fresh);
    });
    watchdog.watch(fresh);
    client = fresh;
    return fresh;
  }

  function disconnect(broken: pg.Client): void {
    if (client === broken) client = null;
    broken.end().catch(() => undefined);
    // On a black-holed connection `end` would wait for an answer for ever.
    cut(broken);
  }

  function comeBackLater(error: unknown): void {
    if (closed) return;
    health.began(isOutOfConnections(error) ? 'connections' : 'away', error);
    // Jitter, so that many processes do not come back in step.
    const wait = backOff * (0.5 + Math.random());
    backOff = Math.min(backOff * 2, LONGEST_BACK_OFF_MS);
    health.nextTryIn(wait);
    if (trouble === null) watchdog.dropIdle();
    else clearTimeout(trouble.timer);
    trouble = { error, timer: setTimeout(tryAgain, wait).unref() };
  }

  /** Others are refused until an attempt has got through: a request that is let in finds a topology. */
  function tryAgain(): void {
    attempt().then(recovered, (error: unknown) => {
      // A fault of ours, which comeBackLater() has not seen.
      if (!(error instanceof ApiError)) comeBackLater(error);
    });
  }

  function recovered(): void {
    if (trouble !== null) clearTimeout(trouble.timer);
    trouble = null;
    backOff = FIRST_BACK_OFF_MS;
    recoveredAt = performance.now();
    health.ended('away');
    health.ended('connections');
  }

  function refusalOf(error: unknown): ApiError {
    return health.refusal() ?? (isOutOfConnections(error) ? databaseBusy(error) : databaseUnavailable(1, error));
  }

  return {
    use,
    refusal: () => (trouble === null ? null : refusalOf(trouble.error)),
    lost(error, since) {
      if (trouble !== null || closed || since < recoveredAt) return;
      // Who waits for an answer is told at once.
      if (client !== null) disconnect(client);
      comeBackLater(error);
    },
    async close(underWay) {
      closed = true;
      if (trouble !== null) clearTimeout(trouble.timer);
      // It may wait for an answer that never comes.
      const impatience = setTimeout(() => {
        if (client !== null) disconnect(client);
      }, GOODBYE_MS);
      await underWay;
      clearTimeout(impatience);
      if (client !== null) await hangUp(client);
    },
  };
}
