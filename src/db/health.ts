import type { Logger } from 'pino';
import { databaseUnavailable, type ApiError } from '../errors.js';
import { reasonOf } from './failures.js';

/**
 * What is known of the database, shared by all who use it: whether it is worth asking, and what it cannot do at the moment.
 * A trouble has one line in the log when it begins and one when it is over, however many requests meet it.
 */
export interface DatabaseHealth {
  /** The 503 for requests that come while the database is known to be away; null while it is worth asking. */
  refusal(): ApiError | null;
  began(trouble: Trouble, error: unknown): void;
  ended(trouble: Trouble): void;
  /** When the next attempt will be made, in milliseconds from now: what clients are told. */
  nextTryIn(milliseconds: number): void;
  /** A statement has written: what kept others from it is over, unless it was there a moment ago. */
  wrote(): void;
  /** A connection was there for the asking. */
  connected(): void;
  /** A request was answered with 503. */
  readonly refused: () => void;
}

/**
 * away: nothing can be asked. readOnly: reads go on. resources: no disk, no memory, I/O errors. connections: there are, but
 * no more.
 */
export type Trouble = 'away' | 'readOnly' | 'resources' | 'connections';

const WORDS: Readonly<Record<Trouble, { begins: string; ends: string }>> = {
  away: { begins: 'database away', ends: 'database back' },
  readOnly: { begins: 'database is read-only', ends: 'database can be written again' },
  resources: { begins: 'database short of resources', ends: 'database has resources again' },
  connections: { begins: 'no database connection free', ends: 'database connections free again' },
};

/** Under pressure some succeed while others fail; that is one trouble and not many. */
const CALM_MS = 1000;

export function createDatabaseHealth(log: Logger): DatabaseHealth {
  const troubles = new Map<Trouble, { since: number; last: number; refusedBefore: number }>();
  let refused = 0;
  let nextTry = 0;

  function ended(trouble: Trouble): void {
    const one = troubles.get(trouble);
    if (one === undefined) return;
    troubles.delete(trouble);
    const seconds = Math.round((performance.now() - one.since) / 100) / 10;
    const requests = refused - one.refusedBefore;
    const were = requests === 1 ? 'request was' : 'requests were';
    log.info(
      { trouble, seconds, refused: requests },
      `${WORDS[trouble].ends} after ${seconds} s, ${requests} ${were} refused`,
    );
  }

  function endedIfCalm(trouble: Trouble): void {
    const one = troubles.get(trouble);
    if (one !== undefined && performance.now() - one.last > CALM_MS) ended(trouble);
  }

  return {
    refusal() {
      return troubles.has('away') ? databaseUnavailable((nextTry - performance.now()) / 1000) : null;
    },
    began(trouble, error) {
      const now = performance.now();
      const known = troubles.get(trouble);
      if (known !== undefined) {
        known.last = now;
        return;
      }
      troubles.set(trouble, { since: now, last: now, refusedBefore: refused });
      const reason = reasonOf(error);
      log.error({ trouble, reason }, `${WORDS[trouble].begins}: ${reason}`);
    },
    ended,
    nextTryIn(milliseconds) {
      nextTry = performance.now() + milliseconds;
    },
    wrote() {
      if (troubles.size === 0) return;
      endedIfCalm('readOnly');
      endedIfCalm('resources');
    },
    connected() {
      if (troubles.size > 0) endedIfCalm('connections');
    },
    refused() {
      refused++;
    },
  };
}
