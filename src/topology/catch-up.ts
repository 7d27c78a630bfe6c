import { setImmediate as breathe } from 'node:timers/promises';
import type pg from 'pg';
import type { Logger } from 'pino';
import { closeClient } from '../db/close-client.js';
import type { Database } from '../db/database.js';
import { databaseUnavailable } from '../errors.js';
import { compareAll } from './differences.js';
import { createCoalescer } from './coalescer.js';
import { inOneSnapshot, load, readEverything, readChanges, readChangesInSnapshot, type Watermark } from './journal.js';
import { inStretches } from './stretches.js';
import { PRUNE } from './load.sql.js';
import type { View } from './model.js';
import type { TopologyChanges } from './changes.js';
import type { Topology } from './topology.js';

/**
 * Keeps one topology, and returns it only after it has seen everything that was committed when the caller asked. That makes a read
 * linearizable: a process acknowledges a write after its COMMIT returned, and PostgreSQL takes the snapshot of the catch-up after the
 * read arrived. So the snapshot contains the write of any process.
 */
export interface TopologyReader {
  /**
   * Returns the present view. The caller uses it before its next await, because the next catch-up changes the view in place.
   * @throws ApiError 503 while the database cannot be used
   */
  current(): Promise<View>;
  /** Returns the view of the last catch-up, of any age. Null when nothing is loaded, and while changes are applied to the view. */
  whole(): View | null;
  /** Like `whole`, but also while changes are applied to the view, when it has only some of them. For metrics, which need not be exact. */
  latest(): View | null;
  /**
   * Compares the topology with a new copy from the database. Returns the differences, and corrects them. Readers do not wait for the
   * comparison. They wait only while the copy and the topology are brought to the same snapshot.
   */
  audit(): Promise<readonly string[]>;
  /** Removes the changes that every process has had time to see from the journal. */
  prune(): Promise<void>;
  status(): TopologyStatus;
  close(): Promise<void>;
}

export interface TopologyStatus {
  readonly loaded: boolean;
  /**
   * Whether changes are being read or applied, so that reads wait. False until the database has returned that there are changes,
   * because the database may be unavailable.
   */
  readonly catchingUp: boolean;
  readonly providers: number;
  /** Full loads since the start: one, and one more after each fail-over, restore or TRUNCATE. */
  readonly loads: number;
  /** When a change was last applied or everything was last loaded; null before the first load. */
  readonly changedAt: Date | null;
  /** Catch-ups since the start. */
  readonly catchUps: number;
  /** Calls of `current` since the start. Divided by `catchUps`, this is the number of readers that share a catch-up. */
  readonly reads: number;
  /** Seconds since the last catch-up or load; null before the first. It is large only when the service is idle. */
  readonly age: number | null;
  /** Whether the last attempt to use the database failed. */
  readonly away: boolean;
  /** The number of differences that audits found since the start. */
  readonly differences: number;
  /** Transactions between the oldest running one and the newest, at the last catch-up. During a long transaction each catch-up
   * reads the changes of so many transactions again. */
  readonly xidLag: number;
}

export interface TopologyReaderOptions {
  /** The topology reads changes with `client`. It opens connections with `connect` for work that takes long. */
  readonly database: Pick<Database, 'client' | 'connect'>;
  readonly log: Logger;
  /** Seconds that a change stays in the journal. A process that paused for longer loads everything again. */
  readonly journalRetention: number;
  /** The reader calls it after each catch-up, with its duration in seconds. */
  readonly onCatchUp?: (seconds: number) => void;
}

export function createTopologyReader(options: TopologyReaderOptions): TopologyReader {
  const { log, journalRetention, onCatchUp = () => undefined } = options;
  const { client: reader, connect } = options.database;
  let state: { readonly topology: Topology; readonly watermark: Watermark } | null = null;
  /** The copy from the database that an audit compares with the topology. During the audit each catch-up applies its changes to both. */
  let copy: Topology | null = null;
  let auditing: Promise<readonly string[]> | null = null;
  let loads = 0;
  let caughtUp = 0;
  let reads = 0;
  let differences = 0;
  let seenAt: number | null = null;
  /** The topology while changes are applied to it. Only metrics read it then, because they need not be exact. */
  let underChange: Topology | null = null;
  let hasNews = false;
  let xidLag = 0;
  let changedAt: Date | null = null;
  let closed = false;

  const catchUps = createCoalescer<View>(() => reader.use(untilCaughtUp));
  reader.recoverWith((use) => catchUps.runExclusively(() => use(untilCaughtUp)));

  function current(): Promise<View> {
    if (closed) return Promise.reject(databaseUnavailable());
    reads++;
    // Rejects at once, because readers that wait for an attempt would pile up.
    const rejection = reader.rejection();
    return rejection === null ? catchUps.join() : Promise.reject(rejection);
  }

  function untilCaughtUp(client: pg.Client): Promise<View> {
    return catchUp(client).finally(noNews);
  }

  const onNews = (): void => void (hasNews = true);
  const noNews = (): void => void (hasNews = false);

  async function catchUp(client: pg.Client): Promise<View> {
    if (state !== null) {
      caughtUp++;
      const start = performance.now();
      const news = await readChanges(client, state.watermark, onNews);
      const { topology } = state;
      // `state` is set again only after all changes were applied. After a failure in between, the next catch-up loads everything.
      state = null;
      underChange = topology;
      const isApplied = news !== 'reload' && (await applied(news.batches, topology, copy));
      underChange = null;
      if (isApplied) {
        state = { topology, watermark: news.watermark };
        xidLag = lagOf(news.watermark);
        seenAt = performance.now();
        if (news.batches.length > 0) changedAt = new Date();
        onCatchUp((seenAt - start) / 1000);
        return topology;
      }
      log.warn(
        'topology: cannot go on from the last snapshot (fail-over, restore, long pause); loading everything again',
      );
    }
    noNews();
    const start = performance.now();
    copy = null;
    state = await load(client);
    xidLag = lagOf(state.watermark);
    loads++;
    seenAt = performance.now();
    changedAt = new Date();
    const milliseconds = Math.round(seenAt - start);
    log.info({ providers: state.topology.providers.size, milliseconds }, 'topology: loaded');
    return state.topology;
  }

  /** Applies the batches, and lets the event loop run between them. Readers get the view only after all batches have been applied. */
  async function applied(
    batches: readonly TopologyChanges[],
    ...topologies: readonly (Topology | null)[]
  ): Promise<boolean> {
    for (const [n, batch] of batches.entries()) {
      if (n > 0) await breathe();
      for (const topology of topologies) {
        if (topology !== null && !(await canApply(topology, batch))) return false;
      }
    }
    return true;
  }

  /** Returns false when a change does not fit, because of a bug or of a write that bypassed the triggers. Loading everything repairs both. */
  async function canApply(topology: Topology, changes: TopologyChanges): Promise<boolean> {
    try {
      return await inStretches(topology.applying(changes));
    } catch (error) {
      log.error({ err: error }, 'topology: a change does not fit');
      return false;
    }
  }

  async function audit(): Promise<readonly string[]> {
    await current();
    const fresh = await onConnectionOfItsOwn((client) => inOneSnapshot(client, () => readEverything(client)));
    await catchUps.runExclusively(() =>
      reader.use((client) => inOneSnapshot(client, () => bringTogether(client, fresh)).finally(noNews)),
    );
    if (state === null || copy !== fresh.topology) return [];
    const found: string[] = [];
    for (const one of compareAll(state.topology, copy)) {
      if (one !== null) {
        found.push(one);
        continue;
      }
      // While changes are applied, one of the two may have changes that the other does not have yet.
      do await breathe();
      while (underChange !== null);
      // A catch-up has loaded everything again meanwhile.
      if (copy !== fresh.topology) return [];
    }
    if (found.length === 0) return found;
    differences += found.length;
    log.error({ differences: found }, 'topology: differed from the database; loaded again');
    await catchUps.runExclusively(() => {
      if (state !== null && copy === fresh.topology) state = { ...state, topology: copy };
      return Promise.resolve();
    });
    return found;
  }

  /** Brings the topology, and a copy that was loaded at another moment, to the snapshot of the transaction. */
  async function bringTogether(client: pg.Client, fresh: { topology: Topology; watermark: Watermark }): Promise<void> {
    if (state === null) return;
    const news = await readChangesInSnapshot(client, state.watermark, onNews);
    const newsOfCopy = await readChangesInSnapshot(client, fresh.watermark, onNews);
    const { topology } = state;
    state = null;
    underChange = topology;
    const isApplied = news !== 'reload' && (await applied(news.batches, topology));
    underChange = null;
    if (!isApplied) return;
    state = { topology, watermark: news.watermark };
    if (newsOfCopy === 'reload' || !(await applied(newsOfCopy.batches, fresh.topology))) return;
    copy = fresh.topology;
  }

  /** Runs work that takes long, and whose failure does not mean that reads fail. (Test: test/topology/outage.test.ts, "of the pruning
   * alone does not keep readers waiting".) */
  async function onConnectionOfItsOwn<T>(work: (client: pg.Client) => Promise<T>): Promise<T> {
    const client = await connect();
    try {
      return await work(client);
    } finally {
      await closeClient(client);
    }
  }

  return {
    current,
    whole: () => state?.topology ?? null,
    latest: () => state?.topology ?? underChange,
    audit() {
      auditing ??= audit().finally(() => {
        copy = null;
        auditing = null;
      });
      return auditing;
    },
    async prune() {
      await onConnectionOfItsOwn((client) => client.query(PRUNE, [journalRetention]));
    },
    status: () => ({
      loaded: (state?.topology ?? underChange) !== null,
      catchingUp: hasNews || underChange !== null,
      providers: (state?.topology ?? underChange)?.providers.size ?? 0,
      loads,
      changedAt,
      catchUps: caughtUp,
      reads,
      age: seenAt === null ? null : (performance.now() - seenAt) / 1000,
      away: reader.rejection() !== null,
      differences,
      xidLag,
    }),
    async close() {
      closed = true;
      catchUps.reject(databaseUnavailable());
      await reader.close(catchUps.runExclusively(() => Promise.resolve()));
    },
  };
}

/** Transactions between the oldest running one of a snapshot and the newest. */
function lagOf({ snapshot: { xmin, xmax } }: Watermark): number {
  return Number(xmax - xmin);
}
