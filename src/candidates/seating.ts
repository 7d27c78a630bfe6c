import type { Level, Place } from './levels.js';
import type { Plan } from './match.js';
import { amountOf, amountTaken, contestedClasses, freeRoom } from './rules.js';
import type { RuleName } from './trace.js';

/**
 * Can the undecided levels still be seated, each at one of its options, with no provider overbooked? Nine groups over eight
 * equal children cannot, and trying it out costs 8! combinations for every host. So before the search goes deeper, a maximum
 * bipartite matching (augmenting paths) answers by itself: where one rule alone is the matter, no dead end is entered.
 *
 * It looks at one rule and one class at a time and, with unequal amounts, only at the smallest: it may say yes to what turns
 * out impossible, never no to what is possible.
 */
export interface Seating {
  readonly name: RuleName;
  allows(levels: readonly Level[], decided: number): boolean;
}

interface Pool {
  readonly name: RuleName;
  readonly members: readonly Level[];
  /** How many of the undecided can sit at a place at most, once the first `decided` levels have theirs. */
  seats(levels: readonly Level[], decided: number, place: Place, smallest: number): number;
  amountOf(level: Level): number;
  /** Whether any choice leaves seats for the others, so that there is nothing to check. */
  readonly isRoomy: boolean;
}

/** What has to be checked at this anchor; most often nothing. */
export function seatingsAt(plan: Plan, levels: readonly Level[]): Seating[] {
  const pools: Pool[] = [...contestedClasses(plan)].map((classId) => classPool(levels, classId));
  if (plan.request.groupPolicy === 'isolate') pools.push(isolatePool(levels));
  return pools.filter((pool) => !pool.isRoomy).map(seatingOf);
}

function isolatePool(levels: readonly Level[]): Pool {
  const members = levels.filter(({ slot }) => slot.suffixed);
  return {
    name: 'isolate',
    members,
    seats: (all, decided, place) => {
      for (let above = 0; above < decided; above++) {
        const level = all[above];
        if (level?.chosen === place && level.slot.suffixed) return 0;
      }
      return 1;
    },
    amountOf: () => 1,
    isRoomy: members.every(({ options }) => options.length >= members.length),
  };
}

function classPool(levels: readonly Level[], classId: number): Pool {
  const demand = ({ slot }: Level): number => amountOf(slot.resources, classId);
  const members = levels.filter((level) => demand(level) > 0);
  const total = members.reduce((sum, level) => sum + demand(level), 0);
  return {
    name: 'capacity',
    members,
    seats: (all, decided, place, smallest) =>
      Math.floor((freeRoom(place.provider, classId) - amountTaken(all, decided, place, classId)) / smallest),
    amountOf: demand,
    isRoomy: members.every(({ options }) => options.some(({ provider }) => freeRoom(provider, classId) >= total)),
  };
}

function seatingOf(pool: Pool): Seating {
  let visit = 0;
  return {
    name: pool.name,
    allows: (levels, decided) => {
      const waiting = pool.members.filter((level) => levels.indexOf(level) >= decided);
      if (waiting.length === 0) return true;
      const smallest = Math.min(...waiting.map((level) => pool.amountOf(level)));
      const seats = new Map<Place, number>();
      for (const { options } of waiting) {
        for (const place of options) {
          if (seats.has(place)) continue;
          seats.set(place, pool.seats(levels, decided, place, smallest));
          place.guests = [];
        }
      }
      const seat = (level: Level): boolean => {
        for (const place of level.options) {
          if (place.visit === visit) continue;
          place.visit = visit;
          const free = seats.get(place) ?? 0;
          if (place.guests.length < free) {
            place.guests.push(level);
            return true;
          }
          for (const [position, guest] of place.guests.entries()) {
            if (!seat(guest)) continue;
            place.guests[position] = level;
            return true;
          }
        }
        return false;
      };
      for (const level of waiting) {
        visit++;
        if (!seat(level)) return false;
      }
      return true;
    },
  };
}
