import type { Row } from './rows.js';

/** What the scheduler of writes (scheduler.ts) is told, and what it tells. */

export interface Write {
  /** What no other write may change at the same time. */
  readonly changes: ReadonlySet<Row>;
  /** What two writes that share a turn must not both change; part of `changes`. */
  readonly alone: ReadonlySet<Row>;
  /** What must not be locked by others, though many writes may refer to it at a time. */
  readonly refersTo: ReadonlySet<Row>;
  /** Only the runner itself may exchange it, for a write that it leaves. */
  readonly runner: Runner;
  /** A time of `performance.now()`, after which the write is not tried again. */
  readonly deadline: number;
  /** Is called instead of the runner when the deadline has passed while the write waited. */
  readonly expired: () => void;
}

export interface Runner {
  /** How many writes may share a turn. */
  readonly largest: number;
  /** How many turns may be under way at a time, not counting those that take long. */
  readonly limit: number;
  /** Never rejects. Resolves to the writes that could not be made yet, and why. */
  run(writes: readonly Write[], wait: Wait | null): Promise<ReadonlyMap<Write, NotMade>>;
}

/** What a turn has to wait for before anything else, while it holds nothing. */
export interface Wait {
  /** The first may be waited for as long as `patience` says; the others are waited for briefly. */
  readonly rows: readonly Row[];
  /** Milliseconds. */
  readonly patience: number;
}

/** `again`: the write is tried again, in its turn. A row: another session has it, and it was waited for in vain. */
export type NotMade = 'again' | { readonly row: Row };

export interface Scheduler {
  submit(write: Write): void;
  /** Whether a row is known to be locked by another session; any row unless given. */
  readonly isLocked: (row?: Row) => boolean;
  /** Another session has this row. */
  readonly note: (row: Row) => void;
}

export interface SchedulerOptions {
  /** How many turns may wait for locked rows at a time, each with a connection. */
  readonly places: number;
  /** Milliseconds that one of them waits before it lets another have its place. */
  readonly patience: number;
  /** A row has been locked by another session for so many milliseconds, and still is; or is free again. */
  readonly onLocked?: ((row: Row, milliseconds: number, state: 'locked' | 'free') => void) | undefined;
}

/** What a runner resolves to when everything was made. */
export const nothingLeft: ReadonlyMap<Write, NotMade> = new Map();
