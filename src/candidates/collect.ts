import type { Candidate } from './candidate.js';
import type { Bounds } from './combine.js';
import type { CandidatesRequest } from './request.js';

export interface Collected {
  readonly candidates: readonly Candidate[];
  /** Whether the search came to its end, so that nothing was left unseen. */
  readonly complete: boolean;
  /** Whether candidates were left out for want of memory. */
  readonly overflowed: boolean;
}

/** Takes as many candidates as the request wants, and asks for no more than that. */
export function collect(found: Iterable<Candidate>, request: CandidatesRequest, { maxKept }: Bounds): Collected {
  const { maxCandidates, limit, randomize } = request;
  if (randomize !== null) return draw(found, maxCandidates ?? Infinity, limit ?? Infinity, maxKept, randomize);
  const enough = Math.min(maxCandidates ?? Infinity, limit ?? Infinity);
  const candidates: Candidate[] = [];
  for (const candidate of found) {
    if (candidates.length === maxKept) return { candidates, complete: false, overflowed: true };
    candidates.push(candidate);
    if (candidates.length >= enough) return { candidates, complete: false, overflowed: false };
  }
  return { candidates, complete: true, overflowed: false };
}

/**
 * A random sample of `limit` out of the first `maxCandidates`, in random order. Every candidate has the same chance, whatever
 * anchor it came from, and only the sample is ever kept (reservoir sampling).
 */
function draw(
  found: Iterable<Candidate>,
  maxCandidates: number,
  limit: number,
  maxKept: number,
  random: () => number,
): Collected {
  const size = Math.min(limit, maxKept);
  const sample: Candidate[] = [];
  let seen = 0;
  let complete = true;
  for (const candidate of found) {
    seen++;
    if (sample.length < size) {
      sample.push(candidate);
    } else {
      const position = Math.floor(random() * seen);
      if (position < size) sample[position] = candidate;
    }
    if (seen >= maxCandidates) {
      complete = false;
      break;
    }
  }
  return { candidates: shuffled(sample, random), complete, overflowed: seen > size && size < limit };
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
