import type { Provider } from '../topology/model.js';
import type { Level } from './levels.js';
import type { Plan } from './plan.js';
import { amountOf, freeRoom } from './contested-classes.js';
import type { ConstraintName } from './trace.js';

/**
 * Whether the undecided levels can still be matched, each with one of its options, with no provider over its room. Nine
 * groups over eight equal children cannot, and trying it out costs 8! combinations for every host. So before the search goes
 * deeper, a maximum bipartite matching of levels and providers (augmenting paths) finds out: where one constraint alone
 * decides, the search enters no dead end.
 *
 * It looks at one constraint at a time. For capacity it looks at one class, and at the groups from one amount upward as if
 * all wanted the smallest. It may accept what is impossible, but never rejects what is possible.
 */
export interface MatchingCheck {
  readonly name: ConstraintName;
  allows(levels: readonly Level[], decided: number): boolean;
}

/** Capacity to match levels with: the free amount of one class, or under isolate a provider as a whole for one suffixed group. */
interface Supply {
  readonly name: ConstraintName;
  readonly roomOf: (provider: Provider) => number;
  readonly demandOf: (level: Level) => number;
  /** Only levels that take this much are matched; those that take less still use up room once they are decided. */
  readonly atLeast: number;
}

/** The matchings to check at this anchor; most often none. */
export function matchingChecksAt(plan: Plan, contested: readonly number[], levels: readonly Level[]): MatchingCheck[] {
  const matchings: MatchingCheck[] = [];
  for (const classId of contested) {
    const demandOf = ({ slot }: Level): number => amountOf(slot.resources, classId);
    const roomOf = (provider: Provider): number => freeRoom(provider, classId);
    const total = levels.reduce((sum, level) => sum + demandOf(level), 0);
    const isRoomy = ({ options }: Level): boolean => options.some((provider) => roomOf(provider) >= total);
    if (levels.every((level) => demandOf(level) === 0 || isRoomy(level))) continue;
    // Five units fit two groups of two, but only one of three: each amount finds something that smaller ones miss.
    for (const atLeast of thresholdsOf(levels.map(demandOf)))
      matchings.push(matchingCheckOf({ name: 'capacity', roomOf, demandOf, atLeast }, levels));
  }
  if (plan.request.groupPolicy === 'isolate') {
    const suffixed = levels.filter(({ slot }) => slot.suffixed);
    const isRoomy = suffixed.every(({ options }) => options.length >= suffixed.length);
    const demandOf = ({ slot }: Level): number => (slot.suffixed ? 1 : 0);
    if (!isRoomy) matchings.push(matchingCheckOf({ name: 'isolate', roomOf: () => 1, demandOf, atLeast: 1 }, levels));
  }
  return matchings;
}

const MOST_THRESHOLDS = 6;

/** The amounts that are asked for; a few of them, the smallest and the largest among them, when there are many. */
function thresholdsOf(demands: readonly number[]): Set<number> {
  const amounts = [...new Set(demands)].filter((amount) => amount > 0).sort((a, b) => a - b);
  if (amounts.length <= MOST_THRESHOLDS) return new Set(amounts);
  const step = (amounts.length - 1) / (MOST_THRESHOLDS - 1);
  return new Set(Array.from({ length: MOST_THRESHOLDS }, (_, i) => amounts[Math.round(i * step)] ?? 1));
}

/** A provider, with the levels that are matched with it for the time being. */
interface ProviderNode {
  readonly room: number;
  /** What the decided levels left of the room. */
  left: number;
  /** How many levels it can be matched with. */
  capacity: number;
  readonly matched: LevelNode[];
  /** The last round in which an augmenting path went through it. */
  round: number;
}

/** A level, with the providers that it may be matched with. */
interface LevelNode {
  readonly level: Level;
  readonly demand: number;
  readonly options: readonly ProviderNode[];
}

function matchingCheckOf({ name, roomOf, demandOf, atLeast }: Supply, levels: readonly Level[]): MatchingCheck {
  const nodes = new Map<Provider, ProviderNode>();
  const nodeOf = (provider: Provider): ProviderNode => {
    let node = nodes.get(provider);
    if (node === undefined) {
      node = { room: roomOf(provider), left: 0, capacity: 0, matched: [], round: 0 };
      nodes.set(provider, node);
    }
    return node;
  };
  const byOptions = new Map<readonly Provider[], readonly ProviderNode[]>();
  const nodesOf = ({ options }: Level): readonly ProviderNode[] => {
    let list = byOptions.get(options);
    if (list === undefined) {
      list = options.map(nodeOf);
      byOptions.set(options, list);
    }
    return list;
  };
  const levelNodes = levels.map((level): LevelNode => {
    const demand = demandOf(level);
    return { level, demand, options: demand < atLeast ? [] : nodesOf(level) };
  });
  return {
    name,
    allows: (_, decided) => {
      // A level that takes nothing needs no check.
      if (levelNodes[decided - 1]?.demand === 0) return true;
      for (const node of nodes.values()) {
        node.left = node.room;
        node.matched.length = 0;
        node.round = 0;
      }
      let smallest = Infinity;
      for (const [depth, { level, demand }] of levelNodes.entries()) {
        if (depth >= decided) {
          if (demand >= atLeast && demand < smallest) smallest = demand;
        } else if (demand > 0 && level.chosen !== null) {
          const node = nodes.get(level.chosen);
          if (node !== undefined) node.left -= demand;
        }
      }
      for (const node of nodes.values()) node.capacity = Math.floor(node.left / smallest);
      const effort = { left: MOST_LOOKS };
      return levelNodes.every(
        (node, depth) => depth < decided || node.demand < atLeast || augment(node, depth + 1, effort),
      );
    },
  };
}

/** The most providers that one check looks at. Some checks would take longer than the rest of the search: then the check passes. */
const MOST_LOOKS = 20_000;

/** Matches one more level. It may move matched levels to another of their options. */
function augment(level: LevelNode, round: number, effort: { left: number }): boolean {
  for (const provider of level.options) {
    if (--effort.left <= 0) return true;
    if (provider.matched.length >= provider.capacity) continue;
    provider.matched.push(level);
    return true;
  }
  for (const provider of level.options) {
    if (provider.round === round) continue;
    provider.round = round;
    const moved = provider.matched.findIndex((other) => augment(other, round, effort));
    if (effort.left <= 0) return true;
    if (moved === -1) continue;
    provider.matched[moved] = level;
    return true;
  }
  return false;
}
