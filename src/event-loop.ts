import type { Pace } from './candidates/effort.js';

/**
 * Shares the event loop among long requests. Each works in slices, and between two slices the event loop runs, so that new
 * requests are served. One object serves all requests of a process ({@link slicesOfThread}); otherwise the slices of ten
 * requests would add up.
 *
 * One slice begins in each round of the event loop. New requests, running requests, and bodies take turns, so that a short
 * request does not wait for all long ones.
 */
export interface Slices {
  /** Whether the first slice of a request may begin now, because little work was done in this round of the event loop. */
  isFree(): boolean;
  /** Resolves when the first slice of a request may begin. */
  first(): Promise<void>;
  /** Resolves when another slice of a request may begin. */
  next(): Promise<void>;
  /** Resolves when the next piece of a large body may be worked on (slices.ts). */
  piece(): Promise<void>;
  /** The number of requests that wait for another slice. Bodies do not count. */
  waiting(): number;
}

/** The length of a slice, in milliseconds. */
export const SLICE_MS = 5;

/** In milliseconds. After so much work in one round of the event loop, no further slice begins. */
const ROUND_MS = 8;

export function createSlices(now: () => number = () => performance.now()): Slices {
  const starters: (() => void)[] = [];
  const others: (() => void)[] = [];
  const bodies: (() => void)[] = [];
  /** The queue whose turn is next comes first. */
  const queues = [starters, others, bodies];
  /** When the first slice of this round began; null before it. */
  let begunAt: number | null = null;
  let isScheduled = false;

  function schedule(): void {
    if (isScheduled) return;
    isScheduled = true;
    setImmediate(comeRound);
  }

  /** Starts one slice. Its work begins after this function has returned, so other requests wait for the next round. */
  function comeRound(): void {
    isScheduled = false;
    begunAt = null;
    const at = queues.findIndex(({ length }) => length > 0);
    if (at === -1) return;
    const begin = queues[at]?.shift();
    queues.push(...queues.splice(0, at + 1));
    begunAt = now();
    begin?.();
    schedule();
  }

  function wait(queue: (() => void)[]): Promise<void> {
    schedule();
    return new Promise((resolve) => queue.push(resolve));
  }

  return {
    isFree() {
      if (starters.length > 0) return false;
      if (begunAt !== null) return now() - begunAt < ROUND_MS;
      begunAt = now();
      schedule();
      return true;
    },
    first: () => wait(starters),
    next: () => wait(others),
    piece: () => wait(bodies),
    waiting: () => others.length,
  };
}

/** The slices of all work in this thread, because each thread has one event loop. */
export const slicesOfThread: Slices = createSlices();

/** A {@link Pace} with a clock. */
export interface Stopwatch extends Pace {
  /** A slice begins now. */
  begin(): void;
  /** The slice has ended. */
  end(): void;
}

/** Reading the clock takes at most as long as this many units of work (effort.ts), so the clock is read after so many units. */
const UNITS_BETWEEN_LOOKS = 1000;

export function createStopwatch(now: () => number = () => performance.now()): Stopwatch {
  let begunAt = 0;
  let spent = 0;
  let left = UNITS_BETWEEN_LOOKS;
  return {
    isDue(work) {
      left -= work;
      if (left > 0) return false;
      left = UNITS_BETWEEN_LOOKS;
      return now() - begunAt >= SLICE_MS;
    },
    seconds: () => spent / 1000,
    begin() {
      begunAt = now();
      left = UNITS_BETWEEN_LOOKS;
    },
    end() {
      spent += now() - begunAt;
    },
  };
}
