import type { Provider } from '../topology/model.js';
import type { Level } from './levels.js';
import type { Plan } from './match.js';
import { amountOf, freeRoom } from './contest.js';
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

/** Room that is given away in amounts: of one class, or a provider as a whole to one suffixed group when they are isolated. */
interface Pool {
  readonly name: RuleName;
  readonly roomOf: (provider: Provider) => number;
  readonly demandOf: (level: Level) => number;
  /** Only levels that take this much are seated; those that take less still use up room once they are decided. */
  readonly atLeast: number;
}

/** What has to be checked at this anchor; most often nothing. */
export function seatingsAt(plan: Plan, contested: readonly number[], levels: readonly Level[]): Seating[] {
  const seatings: Seating[] = [];
  for (const classId of contested) {
    const demandOf = ({ slot }: Level): number => amountOf(slot.resources, classId);
    const roomOf = (provider: Provider): number => freeRoom(provider, classId);
    const total = levels.reduce((sum, level) => sum + demandOf(level), 0);
    const isRoomy = ({ options }: Level): boolean => options.some((provider) => roomOf(provider) >= total);
    if (levels.every((level) => demandOf(level) === 0 || isRoomy(level))) continue;
    // Five units seat two of two, or one of three: each amount sees something that the smaller ones do not.
    for (const atLeast of thresholdsOf(levels.map(demandOf)))
      seatings.push(seatingOf({ name: 'capacity', roomOf, demandOf, atLeast }, levels));
  }
  if (plan.request.groupPolicy === 'isolate') {
    const suffixed = levels.filter(({ slot }) => slot.suffixed);
    const isRoomy = suffixed.every(({ options }) => options.length >= suffixed.length);
    const demandOf = ({ slot }: Level): number => (slot.suffixed ? 1 : 0);
    if (!isRoomy) seatings.push(seatingOf({ name: 'isolate', roomOf: () => 1, demandOf, atLeast: 1 }, levels));
  }
  return seatings;
}

const MOST_THRESHOLDS = 6;

/** The amounts that are asked for; a few of them, the smallest and the largest among them, when there are many. */
function thresholdsOf(demands: readonly number[]): Set<number> {
  const amounts = [...new Set(demands)].filter((amount) => amount > 0).sort((a, b) => a - b);
  if (amounts.length <= MOST_THRESHOLDS) return new Set(amounts);
  const step = (amounts.length - 1) / (MOST_THRESHOLDS - 1);
  return new Set(Array.from({ length: MOST_THRESHOLDS }, (_, i) => amounts[Math.round(i * step)] ?? 1));
}

/** A provider with those that sit there for the time being. */
interface Table {
  readonly room: number;
  /** What the decided levels left of the room. */
  left: number;
  seats: number;
  readonly guests: Guest[];
  /** The last round in which a seat was looked for here. */
  round: number;
}

/** A level with the tables it may sit at. */
interface Guest {
  readonly level: Level;
  readonly demand: number;
  readonly tables: readonly Table[];
}

function seatingOf({ name, roomOf, demandOf, atLeast }: Pool, levels: readonly Level[]): Seating {
  const tables = new Map<Provider, Table>();
  const tableOf = (provider: Provider): Table => {
    let table = tables.get(provider);
    if (table === undefined) {
      table = { room: roomOf(provider), left: 0, seats: 0, guests: [], round: 0 };
      tables.set(provider, table);
    }
    return table;
  };
  const byOptions = new Map<readonly Provider[], readonly Table[]>();
  const tablesOf = ({ options }: Level): readonly Table[] => {
    let list = byOptions.get(options);
    if (list === undefined) {
      list = options.map(tableOf);
      byOptions.set(options, list);
    }
    return list;
  };
  const guests = levels.map((level): Guest => {
    const demand = demandOf(level);
    return { level, demand, tables: demand < atLeast ? [] : tablesOf(level) };
  });
  return {
    name,
    allows: (_, decided) => {
      // A guest that takes nothing changes nothing.
      if (guests[decided - 1]?.demand === 0) return true;
      for (const table of tables.values()) {
        table.left = table.room;
        table.guests.length = 0;
        table.round = 0;
      }
      let smallest = Infinity;
      for (const [depth, { level, demand }] of guests.entries()) {
        if (depth >= decided) {
          if (demand >= atLeast && demand < smallest) smallest = demand;
        } else if (demand > 0 && level.chosen !== null) {
          const table = tables.get(level.chosen);
          if (table !== undefined) table.left -= demand;
        }
      }
      for (const table of tables.values()) table.seats = Math.floor(table.left / smallest);
      const effort = { left: MOST_LOOKS };
      return guests.every(
        (guest, depth) => depth < decided || guest.demand < atLeast || seat(guest, depth + 1, effort),
      );
    },
  };
}

/** Tables looked at in one check, of which some need more than all the rest of the search: then they say yes. */
const MOST_LOOKS = 20_000;

/** Finds a seat for one more, if need be by moving others to another of their options. */
function seat(guest: Guest, round: number, effort: { left: number }): boolean {
  for (const table of guest.tables) {
    if (--effort.left <= 0) return true;
    if (table.guests.length >= table.seats) continue;
    table.guests.push(guest);
    return true;
  }
  for (const table of guest.tables) {
    if (table.round === round) continue;
    table.round = round;
    const moved = table.guests.findIndex((other) => seat(other, round, effort));
    if (effort.left <= 0) return true;
    if (moved === -1) continue;
    table.guests[moved] = guest;
    return true;
  }
  return false;
}
