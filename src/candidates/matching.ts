import type { Provider } from '../topology/model.js';
import type { Level } from './levels.js';
import type { Plan } from './plan.js';
import { amountOf, freeRoom } from './contested-classes.js';
import type { ConstraintName } from './trace.js';

/**
 * Checks whether each undecided level can still be matched with one of its options, so that no provider gets more than its room. Nine
 * groups cannot be matched with eight equal children, and trying all combinations would take 8! tries for every host. So before the search
 * goes deeper, this check computes a maximum bipartite matching of levels and providers (augmenting paths). When only one constraint
 * matters, the search then enters no dead end.
 *
 * It checks one constraint at a time. For capacity it checks one class and the groups that ask for at least one amount, as if all asked for
 * the smallest of these amounts. It may accept an impossible state, but never rejects a possible one.
 */
export interface MatchingCheck {
  readonly name: ConstraintName;
  allows(levels: readonly Level[], decided: number): boolean;
}

/** The room that levels are matched with: the free amount of one class, or with isolate the whole provider for one suffixed group. */
interface Supply {
  readonly name: ConstraintName;
  readonly roomOf: (provider: Provider) => number;
  readonly demandOf: (level: Level) => number;
  /** Only levels that take at least this amount are matched. Decided levels that take less still use room. */
  readonly atLeast: number;
}

/** The matchings to check at this anchor. Usually there are none. */
export function matchingChecksAt(plan: Plan, contested: readonly number[], levels: readonly Level[]): MatchingCheck[] {
  const matchings: MatchingCheck[] = [];
  for (const classId of contested) {
    const demandOf = ({ slot }: Level): number => amountOf(slot.resources, classId);
    const roomOf = (provider: Provider): number => freeRoom(provider, classId);
    const total = levels.reduce((sum, level) => sum + demandOf(level), 0);
    const isRoomy = ({ options }: Level): boolean => options.some((provider) => roomOf(provider) >= total);
    if (levels.every((level) => demandOf(level) === 0 || isRoomy(level))) continue;
    // Five units have room for two groups of two, but only for one group of three. So the check of each amount may find what others miss.
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

/** Returns the requested amounts. When there are many, returns a few of them, with the smallest and the largest. */
function thresholdsOf(demands: readonly number[]): Set<number> {
  const amounts = [...new Set(demands)].filter((amount) => amount > 0).sort((a, b) => a - b);
  if (amounts.length <= MOST_THRESHOLDS) return new Set(amounts);
  const step = (amounts.length - 1) / (MOST_THRESHOLDS - 1);
  return new Set(Array.from({ length: MOST_THRESHOLDS }, (_, i) => amounts[Math.round(i * step)] ?? 1));
}

/** A provider, with the levels that are matched with it at present. */
interface ProviderNode {
  readonly room: number;
  /** The room that the decided levels have left. */
  left: number;
  /** The most levels that can be matched with it. */
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

/** The most providers that one check examines. After these the check passes, because it could take longer than the rest of the search. */
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
