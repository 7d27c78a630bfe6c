import type { Row } from './rows.js';

/** The interface of the scheduler of writes (scheduler.ts). */

export interface Write {
  /** Rows that no other write may change at the same time. */
  readonly changes: ReadonlySet<Row>;
  /** Rows that two writes of one turn must not both change; a subset of `changes`. */
  readonly alone: ReadonlySet<Row>;
  /** Rows that other sessions must not have locked. Many writes may refer to them at a time. */
  readonly refersTo: ReadonlySet<Row>;
  /** Only the runner itself may replace it, for a write that it did not make. */
  readonly runner: Runner;
  /** A time of `performance.now()`, after which the write is not tried again. */
  readonly deadline: number;
  /** Called instead of the runner when the deadline passes while the write waits. */
  readonly expired: () => void;
}

export interface Runner {
  /** How many writes may share a turn. */
  readonly largest: number;
  /** How many turns may be under way at a time, not counting those that take long. */
  readonly limit: number;
  /** Never rejects. Resolves to the writes that it did not make yet, each with the reason. */
  run(writes: readonly Write[], wait: Wait | null): Promise<ReadonlyMap<Write, NotMade>>;
}

/** The rows that a turn waits for first, while it holds nothing. */
export interface Wait {
  /** The turn waits for the first row as long as `patience` says, and briefly for the others. */
  readonly rows: readonly Row[];
  /** Milliseconds. */
  readonly patience: number;
}

/** `again`: the scheduler tries the write again. A row: another session has locked it, and the wait was in vain. */
export type NotMade = 'again' | { readonly row: Row };

export interface Scheduler {
  submit(write: Write): void;
  /** Whether a row is known to be locked by another session; any row unless given. */
  readonly isLocked: (row?: Row) => boolean;
  /** Tells the scheduler that another session has locked the row. */
  readonly note: (row: Row) => void;
}

export interface SchedulerOptions {
  /** How many turns may wait for locked rows at a time, each with a connection. */
  readonly places: number;
  /** Milliseconds that one of them waits before another gets its place. */
  readonly patience: number;
  /** Called when another session has locked a row for this many milliseconds, and when the row is free again. */
  readonly onLocked?: ((row: Row, milliseconds: number, state: 'locked' | 'free') => void) | undefined;
}

/** The result of a runner that made every write. */
export const nothingLeft: ReadonlyMap<Write, NotMade> = new Map();
