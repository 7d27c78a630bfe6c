import type { BoundName, Bounds, Pause } from './effort.js';
import type { CandidatesRequest } from './request.js';

/** The providers of a candidate, by slot. */
interface Sized {
  readonly chosen: readonly unknown[];
}

export interface Collected<Found> {
  readonly found: readonly Found[];
  /** Whether the search examined everything. */
  readonly complete: boolean;
  /** Whether candidates were left out because of the limit on memory. */
  readonly overflowed: boolean;
}

/**
 * Called between two slices with the approximate bytes that the search keeps. Returns the bound that ends the search now, or null.
 */
type Pausing = (kept: number) => Generator<number, BoundName | null, void>;

/** Collects as many candidates as the request asks for, and then stops the search. */
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
 * Draws a random sample of `limit` from the first `maxCandidates`, in random order. Every candidate has the same chance, independently of
 * its anchor, and only the sample is kept (reservoir sampling).
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

/** The approximate bytes of combinations with so many places together. */
export function bytesKept(combinations: number, places: number): number {
  return combinations * 64 + places * 8;
}

/** Shuffles by Fisher-Yates, because the order of the sample still depends on the order of the search. */
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
