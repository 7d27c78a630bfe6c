import type pg from 'pg';
import type { Logger } from 'pino';
import { isUnavailable } from '../db/failures.js';
import { databaseUnavailable } from '../errors.js';
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
  readonly log: Logger;
  /** Seconds that a change stays in the journal; a process that slept longer loads everything again. */
  readonly journalRetention: number;
  /** Is told how many seconds each catch-up took. */
  readonly onCatchUp?: (seconds: number) => void;
}

const FIRST_BACK_OFF_MS = 100;
const LONGEST_BACK_OFF_MS = 5000;

export function createTopologyReader({
  connect,
  log,
  journalRetention,
  onCatchUp = () => undefined,
}: TopologyReaderOptions): TopologyReader {
  let client: pg.Client | null = null;
  let state: { topology: Topology; mark: Mark } | null = null;
  let loads = 0;
  let catchUps = 0;
  let reads = 0;
  let differences = 0;
  let seenAt: number | null = null;

  // While the database is away nobody tries before `retryAt`, and each failure moves it further off.
  let away = false;
  let retryAt = 0;
  let backOff = FIRST_BACK_OFF_MS;

  // One thing at a time happens on the connection: a catch-up or an audit. `gathering` is the batch of readers
  // that the next catch-up will serve.
  let busy = false;
  let closed = false;
  let gathering: Batch | null = null;
  const jobs: (() => Promise<void>)[] = [];

  function current(): Promise<View> {
    if (closed) return Promise.reject(databaseUnavailable());
    reads++;
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
    return batch === null ? null : () => catchUp().then(batch.resolve, batch.reject);
  }

  function enqueue<T>(job: () => Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      jobs.push(() => job().then(resolve, reject));
      setImmediate(next);
    });
  }

  function catchUp(): Promise<View> {
    return onConnection(async (connection) => {
      if (state !== null) {
        catchUps++;
        const start = performance.now();
        const news = await since(connection, state.mark);
        const { topology } = state;
        // Put back only when everything was applied: after a failure half-way the next catch-up loads everything.
        state = null;
        if (news !== 'reload' && canApply(topology, news.changes)) {
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
      const milliseconds = Math.round(performance.now() - start);
      log.info({ providers: state.topology.providers.size, milliseconds }, 'topology: loaded');
      return state.topology;
    });
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

  /** Runs reading statements on the connection, once more on a new one when it turns out to have been cut. */
  async function onConnection<T>(read: (connection: pg.Client) => Promise<T>): Promise<T> {
    const reused = client !== null;
    try {
      const result = await read(client ?? (await reconnect()));
      if (away) log.info('topology: the database is back');
      [away, backOff] = [false, FIRST_BACK_OFF_MS];
      return result;
    } catch (error) {
      if (!isUnavailable(error) && !(error instanceof UnusableDatabase)) throw error;
      if (client !== null) disconnect(client);
      if (reused) return onConnection(read);
      throw comeBackLater(error);
    }
  }

  async function reconnect(): Promise<pg.Client> {
    if (performance.now() < retryAt) throw databaseUnavailable((retryAt - performance.now()) / 1000);
    const fresh = await connect();
    fresh.on('error', () => {
      disconnect(fresh);
    });
    client = fresh;
    return fresh;
  }

  function disconnect(broken: pg.Client): void {
    if (client === broken) client = null;
    broken.end().catch(() => undefined);
    // On a black-holed connection `end` would wait for an answer for ever.
    broken.connection.stream.destroy();
  }

  function comeBackLater(error: unknown): Error {
    // One line for each change of state, not one for each request.
    if (!away) log.error({ err: error }, 'topology: the database cannot be used; trying again until it can');
    away = true;
    // Jitter, so that many processes do not come back in step.
    const wait = backOff * (0.5 + Math.random());
    backOff = Math.min(backOff * 2, LONGEST_BACK_OFF_MS);
    retryAt = performance.now() + wait;
    return databaseUnavailable(wait / 1000);
  }

  return {
    current,
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
      away,
      differences,
      xidLag: state === null ? 0 : Number(state.mark.snapshot.xmax - state.mark.snapshot.xmin),
    }),
    async close() {
      closed = true;
      gathering?.reject(databaseUnavailable());
      gathering = null;
      await enqueue(() => Promise.resolve());
      if (client !== null) await hangUp(client);
    },
  };
}

/** Says goodbye, and leaves when nobody answers: on a half-open connection that would take for ever. */
async function hangUp(client: pg.Client): Promise<void> {
  const impatience = setTimeout(() => client.connection.stream.destroy(), 500);
  await client.end().catch(() => undefined);
  clearTimeout(impatience);
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
