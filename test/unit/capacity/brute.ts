import type { CandidatesRequest } from '../../../src/candidates/request.js';
import { inventoryOf, type View } from '../../../src/topology/model.js';
import { findCandidates } from '../../support/candidates.js';

/** What a candidate takes, by position in a list of amounts that are free. */
type Takes = readonly (readonly [position: number, amount: number])[];

/**
 * How many requests can be claimed one after another, by trying out all orders of the candidates that the search gives. Claims only take
 * room away, so whatever is a candidate later is one at the start. Slow and simple on purpose: nothing of src/capacity runs here.
 *
 * Null when there are more than `most` different states.
 */
export function bruteForce(view: View, request: CandidatesRequest, most = 6000): number | null {
  const positions = new Map<string, number>();
  const free: number[] = [];
  const seen = new Set<string>();
  const choices: Takes[] = [];
  for (const { allocations } of findCandidates(view, request).candidates) {
    const takes = allocations
      .flatMap(({ provider, resources }) =>
        resources.map(({ resourceClass, amount }) => {
          const key = `${provider.id} ${resourceClass.id}`;
          let position = positions.get(key);
          if (position === undefined) {
            const inventory = inventoryOf(provider, resourceClass.id);
            position = free.push(inventory === undefined ? 0 : Math.floor(inventory.capacity - inventory.used)) - 1;
            positions.set(key, position);
          }
          return [position, amount] as const;
        }),
      )
      .sort(([a], [b]) => a - b);
    const key = takes.join(';');
    if (!seen.has(key)) choices.push(takes);
    seen.add(key);
  }
  const known = new Map<string, number>();

  function largest(left: readonly number[]): number {
    const key = left.join();
    const before = known.get(key);
    if (before !== undefined) return before;
    if (known.size >= most) return NaN;
    let best = 0;
    for (const takes of choices) {
      const rest = [...left];
      for (const [position, amount] of takes) rest[position] = (rest[position] ?? 0) - amount;
      if (rest.some((amount) => amount < 0)) continue;
      const more = largest(rest);
      if (Number.isNaN(more)) return NaN;
      best = Math.max(best, 1 + more);
    }
    known.set(key, best);
    return best;
  }

  const found = largest(free);
  return Number.isNaN(found) ? null : found;
}
