import type { Logger } from 'pino';
import { backOff } from '../back-off.js';
import { databaseBusy, databaseUnavailable, ApiError } from '../errors.js';
import { isOutOfConnections, reasonOf } from './failures.js';

/**
 * The state of the database as this process knows it: whether a request should try it, what it cannot do at present, and the
 * attempts to reconnect. Each trouble has one line in the log when it begins and one when it ends, however many requests
 * meet it.
 */
export interface Availability {
  /** The 503 for a request while the database is away; null when a request should try. */
  rejection(): ApiError | null;
  /** The 503 for a request that reads the topology, which also needs a connection that the server may not have; null outside an outage. */
  readonly rejectionOfReads: () => ApiError | null;
  /** A statement or a connection failed because the database lacks something. */
  report(trouble: 'readOnly' | 'resources' | 'connections', error: unknown): void;
  /**
   * No connection could be made, by an attempt that began at a time of `performance.now()`. A failure that began before the
   * last recovery is ignored.
   */
  readonly unreachable: (error: unknown, since: number) => void;
  /** An attempt to read failed: an outage begins, or goes on with a longer pause. */
  failed(error: unknown): ApiError;
  /** A statement has written: a trouble with writes is over, unless it was reported a moment ago. */
  wrote(): void;
  /** The pool had a connection to give. */
  connected(): void;
  /** A request was rejected with 503. */
  readonly rejected: () => void;
  /** Calls the listener when an outage begins: open connections may be half-open. */
  onOutage(listener: () => void): void;
  /**
   * Sets the attempt that ends an outage. It runs in the background with growing pauses until it succeeds; until then
   * requests are rejected. Without it there are no outages: each caller tries the database itself.
   *
   * @param attempt rejects with what {@link failed} returned, or with a bug
   */
  recoverWith(attempt: () => Promise<unknown>): void;
  /** Ends the attempts. */
  close(): void;
}

/**
 * away: no statement is possible. readOnly: only reads are. resources: no disk, no memory, I/O errors. connections: all are
 * in use.
 */
export type Trouble = 'away' | 'readOnly' | 'resources' | 'connections';

const WORDS: Readonly<Record<Trouble, { begins: string; ends: string }>> = {
  away: { begins: 'database away', ends: 'database back' },
  readOnly: { begins: 'database is read-only', ends: 'database can be written again' },
  resources: { begins: 'database short of resources', ends: 'database has resources again' },
  connections: { begins: 'no database connection free', ends: 'database connections free again' },
};

/** Under pressure some statements succeed while others fail: that is one trouble, not many. */
const CALM_MS = 1000;

const ATTEMPTS = { first: 100, longest: 1000 };

export function createAvailability(log: Logger): Availability {
  const troubles = createTroubles(log);
  const listeners: (() => void)[] = [];
  let attempt: (() => Promise<unknown>) | null = null;
  /** The error for readers while attempts run in the background. */
  let outage: { readonly error: unknown; readonly timer: NodeJS.Timeout } | null = null;
  let [failures, nextTry, recoveredAt, isClosed] = [0, 0, 0, false];

  function tryLater(error: unknown): void {
    if (isClosed || attempt === null) return;
    troubles.began(isOutOfConnections(error) ? 'connections' : 'away', error);
    // Jitter, so that many processes do not come back in step.
    const wait = backOff(++failures, ATTEMPTS) * (0.5 + Math.random());
    nextTry = performance.now() + wait;
    if (outage === null) for (const listener of listeners) listener();
    else clearTimeout(outage.timer);
    outage = { error, timer: setTimeout(tryNow, wait).unref() };
  }

  /** Requests are rejected until an attempt succeeds, so that an accepted request finds a topology. */
  function tryNow(): void {
    attempt?.().then(recovered, (error: unknown) => {
      // A bug, which was not reported to failed().
      if (!(error instanceof ApiError)) tryLater(error);
    });
  }

  function recovered(): void {
    if (outage !== null) clearTimeout(outage.timer);
    outage = null;
    failures = 0;
    recoveredAt = performance.now();
    troubles.ended('away');
    troubles.ended('connections');
  }

  function rejection(): ApiError | null {
    return troubles.has('away') ? databaseUnavailable((nextTry - performance.now()) / 1000) : null;
  }

  function rejectionFor(error: unknown): ApiError {
    return rejection() ?? (isOutOfConnections(error) ? databaseBusy(error) : databaseUnavailable(1, error));
  }

  return {
    rejection,
    rejectionOfReads: () => (outage === null ? null : rejectionFor(outage.error)),
    report: troubles.began,
    unreachable(error, since) {
      if (outage === null && since >= recoveredAt) tryLater(error);
    },
    failed(error) {
      tryLater(error);
      return rejectionFor(error);
    },
    wrote: troubles.wrote,
    connected: troubles.connected,
    rejected: troubles.rejected,
    onOutage(listener) {
      listeners.push(listener);
    },
    recoverWith(given) {
      attempt = given;
    },
    close() {
      isClosed = true;
      if (outage !== null) clearTimeout(outage.timer);
    },
  };
}

/** The present troubles, and their lines in the log. */
function createTroubles(log: Logger) {
  const troubles = new Map<Trouble, { since: number; last: number; rejectedBefore: number }>();
  let rejected = 0;

  function ended(trouble: Trouble): void {
    const one = troubles.get(trouble);
    if (one === undefined) return;
    troubles.delete(trouble);
    const seconds = Math.round((performance.now() - one.since) / 100) / 10;
    const requests = rejected - one.rejectedBefore;
    const were = requests === 1 ? 'request was' : 'requests were';
    log.info(
      { trouble, seconds, rejected: requests },
      `${WORDS[trouble].ends} after ${seconds} s, ${requests} ${were} rejected`,
    );
  }

  function endedIfCalm(trouble: Trouble): void {
    const one = troubles.get(trouble);
    if (one !== undefined && performance.now() - one.last > CALM_MS) ended(trouble);
  }

  return {
    has: (trouble: Trouble) => troubles.has(trouble),
    began: (trouble: Trouble, error: unknown): void => {
      const now = performance.now();
      const known = troubles.get(trouble);
      if (known !== undefined) {
        known.last = now;
        return;
      }
      troubles.set(trouble, { since: now, last: now, rejectedBefore: rejected });
      const reason = reasonOf(error);
      log.error({ trouble, reason }, `${WORDS[trouble].begins}: ${reason}`);
    },
    ended,
    wrote: (): void => {
      if (troubles.size === 0) return;
      endedIfCalm('readOnly');
      endedIfCalm('resources');
    },
    connected: (): void => {
      if (troubles.size > 0) endedIfCalm('connections');
    },
    rejected: (): void => {
      rejected++;
    },
  };
}
