import type { Level } from './levels.js';
import type { Rule } from './rules.js';
import type { Seating } from './seating.js';
import type { CombinationCounts } from './trace.js';

/** How much work and memory a search may take before it stops with what it has. */
export interface Bounds {
  /** Providers tried for a place in a combination. */
  readonly maxSteps: number;
  /** Candidates kept. */
  readonly maxKept: number;
}

/**
 * Every way to decide all levels that no rule forbids, one at a time: `levels` itself is what comes out, with `chosen` set
 * until the next one is asked for. Depth first with backtracking and no recursion, so what is kept is one choice a level.
 */
export function* combinations(
  levels: readonly Level[],
  rules: readonly Rule[],
  seatings: readonly Seating[],
  counts: CombinationCounts,
  { maxSteps }: Bounds,
): Generator<readonly Level[], void, void> {
  if (!allHold(seatings, levels, 0, counts)) return;
  let depth = 0;
  while (depth >= 0) {
    const level = levels[depth];
    if (level === undefined) {
      yield levels;
      depth--;
      continue;
    }
    const provider = level.options[level.next++];
    if (provider === undefined) {
      level.next = 0;
      depth--;
      continue;
    }
    if (counts.tried >= maxSteps) return;
    counts.tried++;
    level.chosen = provider;
    if (!allHold(rules, levels, depth, counts)) continue;
    if (!allHold(seatings, levels, depth + 1, counts)) continue;
    depth++;
  }
}

function allHold(
  rules: readonly (Rule | Seating)[],
  levels: readonly Level[],
  depth: number,
  counts: CombinationCounts,
): boolean {
  for (const rule of rules) {
    if (rule.allows(levels, depth)) continue;
    counts.dropped[rule.name]++;
    return false;
  }
  return true;
}
