import { setImmediate as breathe } from 'node:timers/promises';
import type pg from 'pg';
import type { Logger } from 'pino';
import { isOutOfConnections, isRefused, isUnavailable } from '../db/failures.js';
import { cut, hangUp } from '../db/hang-up.js';
import type { DatabaseHealth } from '../db/health.js';
import type { Watchdog } from '../db/watchdog.js';
import { ApiError, databaseBusy, databaseUnavailable } from '../errors.js';
import { audit } from './audit.js';
import { load, since, UnusableDatabase, type Mark } from './journal.js';
import { PRUNE } from './load.sql.js';
import type { View } from './model.js';
import type { Changes, Topology } from './topology.js';

/**
 * Keeps one topology and gives it out only after it has seen everything that was committed when the caller asked. That
 * makes a read linearizable: a write is acknowledged after its COMMIT returned, and the snapshot of the catch-up is taken
 * after the read arrived, so it contains the write, whichever process made it.
 */
export interface TopologyReader {
  /**
   * The present view. Be done with it before awaiting anything: the next catch-up changes it in place.
   * @throws ApiError 503 while the database cannot be used
   */
  current(): Promise<View>;
  /** The view as it was last caught up with, however long ago; null when there is none. Only for what may be old: metrics. */
  latest(): View | null;
  /** Compares everything with the database at one snapshot; answers the differences, and has them corrected. */
  audit(): Promise<readonly string[]>;
  /** Removes changes from the journal that every process has had time to see. */
  prune(): Promise<void>;
  /**
   * Somebody found, from a time of `performance.now()` on, that the database cannot be reached: tries again in the background
   * until it can. Who began before the last time that it came back is late with old news.
   */
  readonly lost: (error: unknown, since: number) => void;
  status(): TopologyStatus;
  close(): Promise<void>;
}

export interface TopologyStatus {
  readonly loaded: boolean;
  readonly providers: number;
  /** Full loads since the start: one, and one more for each fail-over, restore or TRUNCATE. */
  readonly loads: number;
  /** Catch-ups since the start. */
  readonly catchUps: number;
  /** Calls of `current` since the start: divided by the catch-ups, how many readers share one. */
  readonly reads: number;
  /** Seconds since the last catch-up or load; null before the first. Only an idle service has an old one. */
  readonly age: number | null;
  /** The database could not be used when it was last tried. */
  readonly away: boolean;
  /** What audits found to differ from the database since the start. */
  readonly differences: number;
  /** Transactions between the oldest running one and the newest, at the last catch-up. A long transaction makes every
   * catch-up read the changes of that many again. */
  readonly xidLag: number;
}

export interface TopologyReaderOptions {
  /** Makes a connected client for the topology alone, with a deadline on its statements. */
  readonly connect: () => Promise<pg.Client>;
  readonly health: DatabaseHealth;
  readonly watchdog: Watchdog;
  readonly log: Logger;
  /** Seconds that a change stays in the journal; a process that slept longer loads everything again. */
  readonly journalRetention: number;
  /** Is told how many seconds each catch-up took. */
  readonly onCatchUp?: (seconds: number) => void;
}

const FIRST_BACK_OFF_MS = 100;
const LONGEST_BACK_OFF_MS = 3000;
const GOODBYE_MS = 500;

export function createTopologyReader(options: TopologyReaderOptions): TopologyReader {
  const { connect, health, watchdog, log, journalRetention, onCatchUp = () => undefined } = options;
  let client: pg.Client | null = null;
  let state: { topology: Topology; mark: Mark } | null = null;
  let loads = 0;
  let catchUps = 0;
  let reads = 0;
  let differences = 0;
  let seenAt: number | null = null;

  // The reason for which readers are refused, while one attempt after the other is made in the background, each later.
  let trouble: { readonly error: unknown; readonly timer: NodeJS.Timeout } | null = null;
  let backOff = FIRST_BACK_OFF_MS;
  let recoveredAt = 0;

  // One thing at a time happens on the connection: a catch-up or an audit. `gathering` is the batch of readers
  // that the next catch-up will serve.
  let busy = false;
  let closed = false;
  let gathering: Batch | null = null;
  const jobs: (() => Promise<void>)[] = [];

  function current(): Promise<View> {
    if (closed) return Promise.reject(databaseUnavailable());
    reads++;
    // At once: readers that wait for an attempt would pile up.
    if (trouble !== null) return Promise.reject(refusal(trouble.error));
    // A reader may join only a batch whose statement has NOT been sent: the running one may have taken its snapshot before
    // a write that this reader has seen acknowledged. So whoever comes while one runs waits for the next, and nobody waits
    // for more than two. (Test: test/topology/catch-up.test.ts, "does not join a catch-up that has been sent".)
    if (gathering === null) {
      gathering = newBatch();
      // What else this turn of the event loop has read from its sockets joins too.
      setImmediate(next);
    }
    return gathering.promise;
  }

  /** Starts what comes next unless something is under way. Jobs go between two batches, so neither starves. */
  function next(): void {
    if (busy) return;
    const job = jobs.shift() ?? takeBatch();
    if (job === null) return;
    busy = true;
    // `finally` comes after the readers of a batch were told, and they use the view at once: nothing changes it under them.
    void job().finally(() => {
      busy = false;
      next();
    });
  }

  function takeBatch(): (() => Promise<void>) | null {
    const batch = gathering;
    gathering = null;
    if (batch === null) return null;
    return () => onConnection(catchUp).then(batch.resolve, batch.reject);
  }

  function enqueue<T>(job: () => Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      jobs.push(() => job().then(resolve, reject));
      setImmediate(next);
    });
  }

  async function catchUp(connection: pg.Client): Promise<View> {
    if (state !== null) {
      catchUps++;
      const start = performance.now();
      const news = await since(connection, state.mark);
      const { topology } = state;
      // Put back only when everything was applied: after a failure half-way the next catch-up loads everything.
      state = null;
      if (news !== 'reload' && (await applied(topology, news.batches))) {
        state = { topology, mark: news.mark };
        seenAt = performance.now();
        onCatchUp((seenAt - start) / 1000);
        return topology;
      }
      log.warn(
        'topology: cannot go on from the last snapshot (fail-over, restore, long pause); loading everything again',
      );
    }
    const start = performance.now();
    state = await load(connection);
    loads++;
    seenAt = performance.now();
    const milliseconds = Math.round(seenAt - start);
    log.info({ providers: state.topology.providers.size, milliseconds }, 'topology: loaded');
    return state.topology;
  }

  /** In slices, between which others have their turn; nobody is given the view before all of it has been applied. */
  async function applied(topology: Topology, batches: readonly Changes[]): Promise<boolean> {
    for (const [n, batch] of batches.entries()) {
      if (n > 0) await breathe();
      if (!canApply(topology, batch)) return false;
    }
    return true;
  }

  /** A change that does not fit is a bug, or came by a way around the triggers; loading everything cures both. */
  function canApply(topology: Topology, changes: Changes): boolean {
    try {
      return topology.apply(changes);
    } catch (error) {
      log.error({ err: error }, 'topology: a change does not fit');
      return false;
    }
  }

  /**
   * Runs reading statements on the connection, once more on a new one when it turns out to have been cut. While the database
   * is away only the attempts of {@link tryAgain} get through to it.
   */
  async function onConnection<T>(read: (connection: pg.Client) => Promise<T>, isAttempt = false): Promise<T> {
    if (trouble !== null && !isAttempt) throw refusal(trouble.error);
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
      if (!isUnavailable(error) && !isRefused(error) && !(error instanceof UnusableDatabase)) throw error;
      if (client !== null) disconnect(client);
      if (reused) return onConnection(read, isAttempt);
      comeBackLater(error);
      throw refusal(error);
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

  function lost(error: unknown, since: number): void {
    if (trouble !== null || closed || since < recoveredAt) return;
    // Who waits for a catch-up is told at once.
    if (client !== null) disconnect(client);
    comeBackLater(error);
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

  /** Readers are refused until an attempt has caught up: whoever is let in finds a topology. */
  function tryAgain(): void {
    const attempt = enqueue(() => onConnection(catchUp, true));
    attempt.then(recovered, (error: unknown) => {
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

  function refusal(error: unknown): ApiError {
    return health.refusal() ?? (isOutOfConnections(error) ? databaseBusy(error) : databaseUnavailable(1, error));
  }

  return {
    current,
    lost,
    latest: () => state?.topology ?? null,
    async audit() {
      await current();
      return enqueue(() =>
        onConnection(async (connection) => {
          if (state === null) return [];
          const { differences: found, ...corrected } = await audit(connection, state);
          state = corrected;
          differences += found.length;
          if (found.length > 0) log.error({ differences: found }, 'topology: differed from the database; loaded again');
          return found;
        }),
      );
    },
    async prune() {
      // On a connection of its own: removing what a busy hour left takes a while, and its failure says nothing about reads.
      // (Test: test/topology/outage.test.ts, "of the janitor alone does not keep readers waiting".)
      const janitor = await connect();
      try {
        await janitor.query(PRUNE, [journalRetention]);
      } finally {
        await hangUp(janitor);
      }
    },
    status: () => ({
      loaded: state !== null,
      providers: state?.topology.providers.size ?? 0,
      loads,
      catchUps,
      reads,
      age: seenAt === null ? null : (performance.now() - seenAt) / 1000,
      away: trouble !== null,
      differences,
      xidLag: state === null ? 0 : Number(state.mark.snapshot.xmax - state.mark.snapshot.xmin),
    }),
    async close() {
      closed = true;
      if (trouble !== null) clearTimeout(trouble.timer);
      gathering?.reject(databaseUnavailable());
      gathering = null;
      // What is under way may wait for an answer that never comes.
      const impatience = setTimeout(() => {
        if (client !== null) disconnect(client);
      }, GOODBYE_MS);
      await enqueue(() => Promise.resolve());
      clearTimeout(impatience);
      if (client !== null) await hangUp(client);
    },
  };
}

interface Batch {
  readonly promise: Promise<View>;
  readonly resolve: (view: View) => void;
  readonly reject: (error: unknown) => void;
}

function newBatch(): Batch {
  let resolve!: Batch['resolve'];
  let reject!: Batch['reject'];
  const promise = new Promise<View>((onView, onError) => {
    [resolve, reject] = [onView, onError];
  });
  return { promise, resolve, reject };
}
