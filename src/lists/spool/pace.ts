import { setTimeout as sleep } from 'node:timers/promises';

/**
 * Sets the speed of the thread that packs a list. Requests have priority: when the processors are busy, the main thread responds late,
 * and the thread pauses. During the pause the backend of PostgreSQL and the threads that compress have nothing to do, either. A lower
 * priority of the thread alone would not have this effect.
 */

/** When the main thread responds within so many milliseconds, the processors are not busy. */
const CALM_MS = 4;
/** A pause is this many times as long as the work before it. */
const SHARE = 2;
/** The longest pause, milliseconds. */
const LONGEST_MS = 1000;

export interface PackingProgress {
  /** Milliseconds that the main thread took to respond. */
  readonly response: number;
  /** Milliseconds of work since the last pause. */
  readonly work: number;
  /** Milliseconds since the first rows came, including pauses. */
  readonly elapsed: number;
  /** Milliseconds after which the list fails with TooSlow. */
  readonly timeout: number;
  readonly rows: number;
  readonly expected: number;
}

/** Returns the milliseconds to pause. Returns 0 when the list would take more than half of its timeout at the present speed. */
export function pauseAfter({ response, work, elapsed, timeout, rows, expected }: PackingProgress): number {
  if (response <= CALM_MS) return 0;
  if ((elapsed / rows) * expected > timeout / 2) return 0;
  return Math.min(SHARE * work, LONGEST_MS);
}

/**
 * Returns a function that the thread calls after each batch. It reports to the main thread, and pauses for the time of
 * {@link pauseAfter}.
 *
 * @param timeout the timeout of the list, in milliseconds
 * @param tell resolves when the main thread has responded
 */
export function createPace(timeout: number, tell: (rows: number, expected: number) => Promise<void>) {
  let [first, resumed] = [0, performance.now()];
  return async (rows: number, expected: number): Promise<void> => {
    const told = performance.now();
    await tell(rows, expected);
    const now = performance.now();
    // Before the first rows PostgreSQL sorts, so that time does not count.
    if (first === 0 && rows > 0) first = told;
    const pause =
      first === 0
        ? 0
        : pauseAfter({ response: now - told, work: told - resumed, elapsed: now - first, timeout, rows, expected });
    if (pause > 0) await sleep(pause);
    resumed = performance.now();
  };
}
