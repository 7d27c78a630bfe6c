import type { BoundName, Bounds, Pause } from './effort.js';
import type { CandidatesRequest } from './request.js';

/** The providers of a candidate, by slot. */
interface Sized {
  readonly chosen: readonly unknown[];
}

export interface Collected<Found> {
  readonly found: readonly Found[];
  /** Whether the search looked at everything. */
  readonly complete: boolean;
  /** Whether the bound on memory left some out. */
  readonly overflowed: boolean;
}

/**
 * Called between two slices with the approximate bytes that the search keeps. Returns the bound that ends the search now, if
 * any.
 */
type Pausing = (kept: number) => Generator<number, BoundName | null, void>;

/** Takes as many candidates as the request wants, and searches for no more. */
export function* collect<Found extends Sized>(
  items: Iterable<Found | Pause>,
  request: CandidatesRequest,
  bounds: Bounds,
  pause: Pausing,
): Generator<number, Collected<Found>, void> {
  const { maxCandidates, limit, randomize } = request;
  if (randomize !== null) return yield* draw(items, request, bounds, pause, randomize);
  const enough = Math.min(maxCandidates ?? Infinity, limit ?? Infinity);
  const found: Found[] = [];
  let places = 0;
  for (const item of items) {
    if (item === 'pause') {
      const kept = bytesKept(found.length, places);
      if ((yield* pause(kept)) !== null) return { found, complete: false, overflowed: false };
      continue;
    }
    places += item.chosen.length;
    if (found.length === bounds.maxKept || places > bounds.maxPlaces)
      return { found, complete: false, overflowed: true };
    found.push(item);
    if (found.length >= enough) return { found, complete: false, overflowed: false };
  }
  return { found, complete: true, overflowed: false };
}

/**
 * A random sample of `limit` out of the first `maxCandidates`, in random order. Every candidate has the same chance, whatever
 * anchor it came from, and only the sample is ever kept (reservoir sampling).
 */
function* draw<Found extends Sized>(
  items: Iterable<Found | Pause>,
  { maxCandidates, limit }: CandidatesRequest,
  { maxKept, maxPlaces }: Bounds,
  pause: Pausing,
  random: () => number,
): Generator<number, Collected<Found>, void> {
  const wanted = limit ?? Infinity;
  let size = Math.min(wanted, maxKept);
  const sample: Found[] = [];
  let seen = 0;
  let complete = true;
  for (const item of items) {
    if (item === 'pause') {
      const places = sample.length * (sample[0]?.chosen.length ?? 0);
      const kept = bytesKept(sample.length, places);
      if ((yield* pause(kept)) === null) continue;
      complete = false;
      break;
    }
    // All candidates of a request have the same number of places.
    if (seen++ === 0) size = Math.min(size, Math.floor(maxPlaces / item.chosen.length));
    if (sample.length < size) {
      sample.push(item);
    } else {
      const position = Math.floor(random() * seen);
      if (position < size) sample[position] = item;
    }
    if (seen >= (maxCandidates ?? Infinity)) {
      complete = false;
      break;
    }
  }
  return { found: shuffled(sample, random), complete, overflowed: seen > size && size < wanted };
}

/** Roughly, of combinations with as many places altogether. */
export function bytesKept(combinations: number, places: number): number {
  return combinations * 64 + places * 8;
}

/** Fisher-Yates: the sample's order still tells the order of the search. */
function shuffled<Item>(items: readonly Item[], random: () => number): Item[] {
  const result: Item[] = [];
  for (const item of items) {
    const position = Math.floor(random() * (result.length + 1));
    const moved = result[position];
    if (moved !== undefined) result.push(moved);
    result[position] = item;
  }
  return result;
}
