import type { Provider } from '../topology/model.js';
import type { Level } from './levels.js';
import type { Plan } from './match.js';
import { amountOf, amountTaken, contestedClasses, freeRoom } from './rules.js';
import type { RuleName } from './trace.js';

/**
 * Can the undecided levels still be seated, each at one of its options, with no provider overbooked? Nine groups over eight
 * equal children cannot, and trying it out costs 8! combinations for every host. So before the search goes deeper, a maximum
 * bipartite matching (augmenting paths) answers by itself: where one rule alone is the matter, no dead end is entered.
 *
 * It looks at one rule at a time, for capacity at one class and at the groups from one amount upward as if all wanted the
 * smallest: it may say yes to what turns out impossible, never no to what is possible.
 */
export interface Seating {
  readonly name: RuleName;
  allows(levels: readonly Level[], decided: number): boolean;
}

interface Pool {
  readonly name: RuleName;
  readonly members: readonly Level[];
  /** How many of the undecided a provider can take at most, once the first `decided` levels have theirs. */
  seats(levels: readonly Level[], decided: number, provider: Provider, smallest: number): number;
  /** How much of what `seats` divides a level takes. */
  amountOf(level: Level): number;
  /** Whether any choice leaves seats for the others, so that there is nothing to check. */
  readonly isRoomy: boolean;
}

/** What has to be checked at this anchor; most often nothing. */
export function seatingsAt(plan: Plan, levels: readonly Level[]): Seating[] {
  const pools: Pool[] = [];
  for (const classId of contestedClasses(plan)) {
    const amounts = new Set(levels.map(({ slot }) => amountOf(slot.resources, classId)));
    amounts.delete(0);
    for (const atLeast of amounts) pools.push(classPool(levels, classId, atLeast));
  }
  if (plan.request.groupPolicy === 'isolate') pools.push(isolatePool(levels));
  return pools.filter((pool) => !pool.isRoomy).map(seatingOf);
}

function isolatePool(levels: readonly Level[]): Pool {
  const members = levels.filter(({ slot }) => slot.suffixed);
  return {
    name: 'isolate',
    members,
    seats: (all, decided, provider) => {
      for (let above = 0; above < decided; above++) {
        const level = all[above];
        if (level?.chosen === provider && level.slot.suffixed) return 0;
      }
      return 1;
    },
    amountOf: () => 1,
    isRoomy: members.every(({ options }) => options.length >= members.length),
  };
}

/** The groups that want `atLeast` so much of a class: five units seat two of two, or one of three. */
function classPool(levels: readonly Level[], classId: number, atLeast: number): Pool {
  const demand = ({ slot }: Level): number => amountOf(slot.resources, classId);
  const members = levels.filter((level) => demand(level) >= atLeast);
  const total = levels.reduce((sum, level) => sum + demand(level), 0);
  return {
    name: 'capacity',
    members,
    seats: (all, decided, provider, smallest) =>
      Math.floor((freeRoom(provider, classId) - amountTaken(all, decided, provider, classId)) / smallest),
    amountOf: demand,
    isRoomy: members.every(({ options }) => options.some((provider) => freeRoom(provider, classId) >= total)),
  };
}

/** A provider with those of the waiting levels that sit there for the time being. */
interface Table {
  readonly seats: number;
  readonly guests: Level[];
  /** The last round in which a seat was looked for here. */
  round: number;
}

function seatingOf(pool: Pool): Seating {
  return {
    name: pool.name,
    allows: (levels, decided) => {
      const waiting = levels.filter((level, depth) => depth >= decided && pool.members.includes(level));
      const smallest = Math.min(...waiting.map((level) => pool.amountOf(level)));
      const tables = new Map<Provider, Table>();
      for (const { options } of waiting) {
        for (const provider of options) {
          if (tables.has(provider)) continue;
          tables.set(provider, { seats: pool.seats(levels, decided, provider, smallest), guests: [], round: 0 });
        }
      }
      return waiting.every((level, i) => seat(level, tables, i + 1));
    },
  };
}

/** Finds a seat for one more level, if need be by moving others to another of their options. */
function seat(level: Level, tables: ReadonlyMap<Provider, Table>, round: number): boolean {
  for (const provider of level.options) {
    const table = tables.get(provider);
    if (table === undefined || table.round === round) continue;
    table.round = round;
    if (table.guests.length < table.seats) {
      table.guests.push(level);
      return true;
    }
    for (const [position, guest] of table.guests.entries()) {
      if (!seat(guest, tables, round)) continue;
      table.guests[position] = level;
      return true;
    }
  }
  return false;
}
