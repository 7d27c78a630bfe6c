import type { Bounds } from '../../candidates/effort.js';
import type { CandidatesRequest } from '../../candidates/request.js';
import { searchCandidates, type CandidatesResult } from '../../candidates/search.js';
import { clientGone, serverFull } from '../../errors.js';
import type { MemoryBudget } from '../../http/memory-budget.js';
import { createStopwatch, type Slices } from '../../event-loop.js';
import type { View } from '../../topology/model.js';

/** The most searches that take more than a slice, and responses that are sent in pieces, at one time in a process. */
const MOST_LONG = 256;

/** The surroundings of a search: it shares slices and memory with other searches, and its client may close the connection. */
export interface SearchContext {
  readonly slices: Slices;
  /** The budget for the memory that the search holds. */
  readonly budget: MemoryBudget;
  readonly isGone: () => boolean;
}

/** The result, and the seconds of work that it took. */
export interface Outcome {
  readonly result: CandidatesResult;
  readonly seconds: number;
}

/**
 * Searches in slices. Most searches take a part of one slice, and return their outcome at once.
 *
 * @throws 503 when there is no memory for the search or too many searches run, and {@link clientGone}
 */
export function search(
  view: View,
  request: CandidatesRequest,
  bounds: Bounds,
  context: SearchContext,
): Outcome | Promise<Outcome> {
  const watch = createStopwatch();
  const work = searchCandidates(view, request, bounds, watch);
  watch.begin();
  const first = work.next();
  watch.end();
  if (first.done === true) return { result: first.value, seconds: watch.seconds() };
  const started = first.value;

  async function rest({ slices, budget, isGone }: SearchContext): Promise<Outcome> {
    // When the budget takes the memory away, the next call of `add` returns false.
    const holding = budget.enter(() => undefined);
    try {
      if (slices.waiting() >= MOST_LONG) throw serverFull('requests that take long');
      let held = 0;
      let next: IteratorResult<number, CandidatesResult> = { done: false, value: started };
      while (next.done !== true) {
        if (!holding.add(next.value - held)) throw serverFull('responses that are being made');
        held = next.value;
        await slices.next();
        if (isGone()) throw clientGone();
        watch.begin();
        next = work.next();
        watch.end();
      }
      return { result: next.value, seconds: watch.seconds() };
    } catch (error) {
      // Ends the search, so that it releases the trees of the topology.
      work.throw(error);
      throw error;
    } finally {
      holding.leave();
    }
  }
  return rest(context);
}
