import { SLICE_MS, slicesOfThread, type Slices } from './rounds.js';

/**
 * Divides long work on a body into stretches. Await it between pieces of work of at most a few milliseconds: when the stretch is
 * over it waits for its turn among all that works long in this process, and it costs a comparison otherwise.
 */
export type Pause = () => Promise<void> | undefined;

/** For work that is large: the first stretch begins now only if little else was worked in this round of the event loop. */
export function createPause(slices: Slices = slicesOfThread, now: () => number = () => performance.now()): Pause {
  let end = slices.isFree() ? now() + SLICE_MS : -Infinity;
  return () => {
    if (now() < end) return undefined;
    return slices.piece().then(() => {
      end = now() + SLICE_MS;
    });
  };
}

/** For work that is small. */
export const noPause: Pause = () => undefined;

/**
 * Runs work that yields after every few milliseconds of it. What ends without yielding ends at once, without a promise.
 */
export function withPauses<T>(work: Generator<undefined, T, void>, pause: Pause): T | Promise<T> {
  const first = work.next();
  return first.done === true ? first.value : rest(work, pause);
}

async function rest<T>(work: Generator<undefined, T, void>, pause: Pause): Promise<T> {
  for (;;) {
    await pause();
    const next = work.next();
    if (next.done === true) return next.value;
  }
}
