import { setTimeout as sleep } from 'node:timers/promises';

/**
 * How fast the thread that packs a list goes. Requests come first: where processors are scarce, the main thread responds late, and the
 * thread pauses. While it pauses, the backend that reads for it and the threads that compress have nothing to do, either, which the
 * priority of the thread would not bring about.
 */

/** A main thread that responds within so many milliseconds has processors to spare. */
const CALM_MS = 4;
/** A pause is so many times as long as the work before it. */
const SHARE = 2;
/** The longest pause, milliseconds. */
const LONGEST_MS = 1000;

export interface PackingProgress {
  /** Milliseconds that the main thread took to respond. */
  readonly response: number;
  /** Milliseconds of work since the last pause. */
  readonly work: number;
  /** Milliseconds that the rows took so far, pauses included. */
  readonly elapsed: number;
  /** The same after which the list ends as TooSlow. */
  readonly timeout: number;
  readonly rows: number;
  readonly expected: number;
}

/** Milliseconds to pause. None when the list would take more than half of its time at the speed so far. */
export function pauseAfter({ response, work, elapsed, timeout, rows, expected }: PackingProgress): number {
  if (response <= CALM_MS) return 0;
  if ((elapsed / rows) * expected > timeout / 2) return 0;
  return Math.min(SHARE * work, LONGEST_MS);
}

/**
 * Called by the thread after each batch: it reports to the main thread, and pauses as {@link pauseAfter} says.
 *
 * @param timeout of the list, milliseconds
 * @param tell resolves when the main thread has responded
 */
export function createPace(timeout: number, tell: (rows: number, expected: number) => Promise<void>) {
  let [first, resumed] = [0, performance.now()];
  return async (rows: number, expected: number): Promise<void> => {
    const told = performance.now();
    await tell(rows, expected);
    const now = performance.now();
    // Before the first rows the server sorts.
    if (first === 0 && rows > 0) first = told;
    const pause =
      first === 0
        ? 0
        : pauseAfter({ response: now - told, work: told - resumed, elapsed: now - first, timeout, rows, expected });
    if (pause > 0) await sleep(pause);
    resumed = performance.now();
  };
}
