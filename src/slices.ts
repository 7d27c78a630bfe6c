import { SLICE_MS, slicesOfThread, type Slices } from './event-loop.js';

/**
 * Divides long work on a body into stretches. Await it between pieces of work of at most a few milliseconds: when the stretch is
 * over it waits for its turn among all that works long in this process, and it costs a comparison otherwise.
 */
export type YieldPoint = () => Promise<void> | undefined;

/** For work that is large: the first stretch begins now only if little else was worked in this round of the event loop. */
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

/** For work that is small. */
export const neverYield: YieldPoint = () => undefined;

/** Work that yields about once in a millisecond, so that it can be divided. */
export type Divided<T> = Generator<undefined, T, void>;

/** Runs work with pauses. What ends without yielding ends at once, without a promise. */
export function withPauses<T>(work: Divided<T>, pause?: YieldPoint): T | Promise<T> {
  const first = work.next();
  return first.done === true ? first.value : rest(work, pause ?? createYieldPoint());
}

/** Runs work in one go. */
export function atOnce<T>(work: Divided<T>): T {
  for (;;) {
    const next = work.next();
    if (next.done === true) return next.value;
  }
}

/** So many items are looked at in less than a millisecond, whatever is done with each. */
const ITEMS_AT_ONCE = 500;

/** The items one after the other, with a yield after some hundred of them: `yield* inParts(items, visit)`. */
export function* inParts<T>(items: Iterable<T>, visit: (item: T) => void): Divided<void> {
  let left = ITEMS_AT_ONCE;
  for (const item of items) {
    visit(item);
    if (--left > 0) continue;
    left = ITEMS_AT_ONCE;
    yield;
  }
}

/** The same for items that have lists of their own, of which one may be long: yields after some hundred of what is in the lists. */
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
