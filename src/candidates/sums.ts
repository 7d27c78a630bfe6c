import type { Provider } from '../topology/model.js';
import { amountOf, freeRoom } from './contested-classes.js';
import type { Level } from './levels.js';
import type { Constraint } from './constraints.js';

/**
 * Checks whether the options together have enough room of a class. Groups of 340 and 330 use at most 990 of a child with 995, because no sum
 * of their amounts is 991 to 995. So the check lists the possible sums of the open demands, and counts for each provider the largest sum
 * that fits. It compares the total with the sum of the demands.
 *
 * The search does this check before it tries combinations and, after it has met dead ends, at each step. The check may accept an impossible
 * state, but never rejects a possible one.
 */
export function sumCheck(classId: number, levels: readonly Level[]): Constraint | null {
  const demands = levels.map(({ slot }) => amountOf(slot.resources, classId));
  const total = demands.reduce((sum, demand) => sum + demand, 0);
  const rooms = new Map<Provider, number>();
  const lists = new Set(levels.filter((_, depth) => (demands[depth] ?? 0) > 0).map(({ options }) => options));
  for (const options of lists) {
    for (const provider of options) {
      const room = freeRoom(provider, classId);
      // This provider can take everything, so the sums exclude nothing.
      if (room >= total) return null;
      rooms.set(provider, room);
    }
  }
  if (rooms.size === 0) return null;
  const sums = sumsByDepth(demands);
  const left = new Map<Provider, number>();
  return {
    name: 'capacity',
    allows: (_, depth) => {
      const rest = sums(depth + 1);
      if (rest.total === 0) return true;
      for (const [provider, room] of rooms) left.set(provider, room);
      for (let above = 0; above <= depth; above++) {
        const provider = levels[above]?.chosen;
        const room = provider == null ? undefined : left.get(provider);
        if (provider != null && room !== undefined) left.set(provider, room - (demands[above] ?? 0));
      }
      let usable = 0;
      for (const room of left.values()) {
        usable += largestUpTo(rest.possible, room);
        if (usable >= rest.total) return true;
      }
      return false;
    },
  };
}

interface Rest {
  readonly total: number;
  /** The possible sums of some of the demands, ascending; null when there are too many different sums. */
  readonly possible: readonly number[] | null;
}

const MOST_SUMS = 256;

/** Returns a function that returns the demands of the levels from a depth on. */
function sumsByDepth(demands: readonly number[]): (depth: number) => Rest {
  const rests: Rest[] = [];
  let rest: Rest = { total: 0, possible: [0] };
  rests[demands.length] = rest;
  for (let depth = demands.length - 1; depth >= 0; depth--) {
    rest = withOneMore(rest, demands[depth] ?? 0);
    rests[depth] = rest;
  }
  return (depth) => rests[depth] ?? rest;
}

function withOneMore({ total, possible }: Rest, demand: number): Rest {
  if (demand === 0 || possible === null) return { total: total + demand, possible };
  const sums = new Set(possible);
  for (const sum of possible) sums.add(sum + demand);
  return {
    total: total + demand,
    possible: sums.size > MOST_SUMS ? null : [...sums].sort((a, b) => a - b),
  };
}

function largestUpTo(ascending: readonly number[] | null, limit: number): number {
  if (ascending === null) return limit;
  let [low, high] = [0, ascending.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((ascending[middle] ?? 0) <= limit) low = middle + 1;
    else high = middle;
  }
  return ascending[low - 1] ?? 0;
}
