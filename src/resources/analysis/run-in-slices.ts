import { clientGone } from '../../errors.js';
import { createStopwatch, type Slices, type Stopwatch } from '../../event-loop.js';

/** The result, and the seconds of work that it took. */
export interface TimedResult<T> {
  readonly result: T;
  readonly seconds: number;
}

/**
 * Does work in slices, between which other requests run. The work yields when its pace is due. The first slice begins at once, because the
 * caller has the slice already.
 *
 * @param start begins the work, and gets its pace
 * @throws {@link clientGone} when the client has closed the connection
 */
export async function runInSlices<T>(
  start: (pace: Stopwatch) => Iterator<unknown, T, void>,
  slices: Slices,
  isGone: () => boolean,
): Promise<TimedResult<T>> {
  const watch = createStopwatch();
  watch.begin();
  const work = start(watch);
  let next = work.next();
  watch.end();
  while (next.done !== true) {
    await slices.next();
    if (isGone()) throw clientGone();
    watch.begin();
    next = work.next();
    watch.end();
  }
  return { result: next.value, seconds: watch.seconds() };
}
