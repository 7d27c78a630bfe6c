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
 * Keeps one topology and gives it out only after it has seen everything that was committed when the caller asked. That
 * makes a read linearizable: a write is acknowledged after its COMMIT returned, and the snapshot of the catch-up is taken
 * after the read arrived, so it contains the write, whichever process made it.
 */
export interface TopologyReader {
  /**
   * The present view. Use it before the next await, because the next catch-up changes it in place.
   * @throws ApiError 503 while the database cannot be used
   */
  current(): Promise<View>;
  /** The view as it was last caught up with, however long ago; null when there is none, and while changes are applied to it. */
  whole(): View | null;
  /** The same, also while changes are applied to it: some of them are there, and others are not. Only for what need not be exact: metrics. */
  latest(): View | null;
  /**
   * Compares everything with what the database holds; returns the differences, and has them corrected. Readers go on
   * meanwhile; they wait only while the copy to compare with is brought to where the topology is.
   */
  audit(): Promise<readonly string[]>;
  /** Removes changes from the journal that every process has had time to see. */
  prune(): Promise<void>;
  status(): TopologyStatus;
  close(): Promise<void>;
}

export interface TopologyStatus {
  readonly loaded: boolean;
  /**
   * Whether changes are being read or applied, so that reads wait. False until the database has said that there are changes:
   * it may be away.
   */
  readonly catchingUp: boolean;
  readonly providers: number;
  /** Full loads since the start: one, and one more for each fail-over, restore or TRUNCATE. */
  readonly loads: number;
  /** When a change was applied last, or everything was loaded; null before that. */
  readonly changedAt: Date | null;
  /** Catch-ups since the start. */
  readonly catchUps: number;
  /** Calls of `current` since the start: divided by the catch-ups, how many readers share one. */
  readonly reads: number;
  /** Seconds since the last catch-up or load; null before the first. Only an idle service has an old one. */
  readonly age: number | null;
  /** The database could not be used when it was last tried. */
  readonly away: boolean;
  /** The number of differences that audits found since the start. */
  readonly differences: number;
  /** Transactions between the oldest running one and the newest, at the last catch-up. A long transaction makes every
   * catch-up read the changes of that many again. */
  readonly xidLag: number;
}

export interface TopologyReaderOptions {
  /** The client reads changes; connections of their own are for what takes long. */
  readonly database: Pick<Database, 'client' | 'connect'>;
  readonly log: Logger;
  /** Seconds that a change stays in the journal; a process that slept longer loads everything again. */
  readonly journalRetention: number;
  /** Is told how many seconds each catch-up took. */
  readonly onCatchUp?: (seconds: number) => void;
}

export function createTopologyReader(options: TopologyReaderOptions): TopologyReader {
  const { log, journalRetention, onCatchUp = () => undefined } = options;
  const { client: reader, connect } = options.database;
  let state: { readonly topology: Topology; readonly watermark: Watermark } | null = null;
  /** While an audit compares, what it compares with: it sees every change when the topology does. */
  let copy: Topology | null = null;
  let auditing: Promise<readonly string[]> | null = null;
  let loads = 0;
  let caughtUp = 0;
  let reads = 0;
  let differences = 0;
  let seenAt: number | null = null;
  /** The topology while changes are applied to it. What is not exact reads it: metrics. */
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
    // At once: readers that wait for an attempt would pile up.
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
      // Put back only when everything was applied: after a failure half-way the next catch-up loads everything.
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

  /** In slices, between which others have their turn; no reader gets the view before all of it has been applied. */
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

  /** A change that does not fit is a bug, or came by a way around the triggers; loading everything cures both. */
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
      // While changes are applied, one of the two may have some that the other has not.
      do await breathe();
      while (underChange !== null);
      // Everything was loaded again meanwhile.
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

  /** The topology and a copy that was loaded at some other moment, at the snapshot of the transaction. */
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

  /** For what takes long, and whose failure says nothing about reads. (Test: test/topology/outage.test.ts, "of the pruning
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
