import { SLICE_MS, slicesOfThread, type Slices } from './event-loop.js';

/**
 * Divides long work on a body into slices. The work awaits it between pieces of at most a few milliseconds. When the slice is over, it waits
 * until the next slice of this work may begin. Otherwise it costs only a comparison.
 */
export type YieldPoint = () => Promise<void> | undefined;

/** For large work. The first slice begins now only if little other work was done in this round of the event loop. */
export function createYieldPoint(
  slices: Slices = slicesOfThread,
  now: () => number = () => performance.now(),
): YieldPoint {
  let end = slices.isFree() ? now() + SLICE_MS : -Infinity;
  return () => {
    if (now() < end) return undefined;
    return slices.piece().then(() => {
      end = now() + SLICE_MS;
    });
  };
}

/** For small work. */
export const neverYield: YieldPoint = () => undefined;

/** Work that yields about once in a millisecond, so that it can be divided into slices. */
export type Divided<T> = Generator<undefined, T, void>;

/** Runs work with pauses. When the work ends without yielding, returns its result at once, without a promise. */
export function withPauses<T>(work: Divided<T>, pause?: YieldPoint): T | Promise<T> {
  const first = work.next();
  return first.done === true ? first.value : rest(work, pause ?? createYieldPoint());
}

/** Runs work at once, without pauses. */
export function atOnce<T>(work: Divided<T>): T {
  for (;;) {
    const next = work.next();
    if (next.done === true) return next.value;
  }
}

/** The usual work on so many items takes less than a millisecond. */
const ITEMS_AT_ONCE = 500;

/** Visits the items one after the other, and yields after some hundred of them: `yield* inParts(items, visit)`. */
export function* inParts<T>(items: Iterable<T>, visit: (item: T) => void): Divided<void> {
  let left = ITEMS_AT_ONCE;
  for (const item of items) {
    visit(item);
    if (--left > 0) continue;
    left = ITEMS_AT_ONCE;
    yield;
  }
}

/** Does the same for items with lists, which may be long: visits the elements of the lists, and yields after some hundred of them. */
export function* inPartsOfEach<T, U>(
  items: Iterable<T>,
  listOf: (item: T) => Iterable<U>,
  visit: (inner: U, item: T) => void,
): Divided<void> {
  let left = ITEMS_AT_ONCE;
  for (const item of items) {
    left--;
    for (const inner of listOf(item)) {
      visit(inner, item);
      if (--left > 0) continue;
      left = ITEMS_AT_ONCE;
      yield;
    }
  }
}

async function rest<T>(work: Divided<T>, pause: YieldPoint): Promise<T> {
  for (;;) {
    await pause();
    const next = work.next();
    if (next.done === true) return next.value;
  }
}
