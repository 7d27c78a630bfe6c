import type { DeadEnds, DeadEndsAtAnchor } from './dead-ends.js';
import type { Bounds, Pace, Pause, Stuck } from './effort.js';
import type { Anchor, Level } from './levels.js';
import type { Constraint } from './constraints.js';
import type { MatchingCheck } from './matching.js';
import type { CombinationCounts } from './trace.js';

/** The checks that limit the choices at one anchor. */
export interface Checks {
  /** Checked at every choice. */
  readonly constraints: readonly Constraint[];
  /** Checked after every choice: whether the remaining levels can be matched. */
  readonly matchings: readonly MatchingCheck[];
  /** Checked at the beginning, and after each choice once the search has met dead ends. */
  readonly sums: readonly Constraint[];
  readonly deadEnds: DeadEnds;
}

/** The state and the limits that the searches at all anchors share. */
export interface Search {
  readonly counts: CombinationCounts;
  readonly bounds: Bounds;
  readonly pace: Pace;
  /** The steps that each anchor gets at present to find its next candidate. */
  readonly share: { steps: number };
  readonly triesBeforeCare: number;
}

/**
 * Finds every combination of choices that no constraint forbids, one at a time. It yields `levels` itself, whose `chosen` is valid until
 * the next call. It is depth-first backtracking without recursion, and keeps one choice for each level.
 */
export function* combinations(
  levels: readonly Level[],
  anchor: Anchor,
  { constraints, matchings, sums, deadEnds }: Checks,
  { counts, bounds, pace, share, triesBeforeCare }: Search,
): Generator<readonly Level[] | Pause | Stuck, void, void> {
  const work = workOfATry(levels, constraints, matchings);
  if (!allHold(sums, levels, -1, counts)) return;
  for (const matching of matchings) {
    if (!allHold([matching], levels, 0, counts)) return;
    if (pace.isDue(work)) yield 'pause';
  }
  const states: (string | null)[] = [];
  let careful: DeadEndsAtAnchor | null = null;
  if (deadEnds.known()) {
    careful = deadEnds.at(levels, anchor);
    states[0] = careful.stateAt(0);
    if (states[0] !== null && isKnown(careful, states[0], counts)) return;
  }
  /** By depth, the number of combinations that had been found when the search entered it. */
  const foundBefore = [0];
  let found = 0;
  let quiet = 0;
  let allowance = share.steps;
  let depth = 0;
  while (depth >= 0) {
    const level = levels[depth];
    if (level === undefined) {
      found++;
      quiet = 0;
      allowance = share.steps;
      yield levels;
      depth--;
      continue;
    }
    const isCareful = quiet >= triesBeforeCare;
    const provider = level.options[level.next++];
    if (provider === undefined) {
      level.next = 0;
      if (isCareful && foundBefore[depth] === found) {
        careful ??= deadEnds.at(levels, anchor);
        const state = states[depth] ?? careful.stateAt(depth);
        if (state !== null) careful.remember(state);
      }
      depth--;
      continue;
    }
    if (counts.tried >= bounds.maxSteps) return;
    if (quiet >= allowance) {
      yield 'stuck';
      allowance = quiet + share.steps;
    }
    counts.tried++;
    quiet++;
    if (pace.isDue(isCareful && careful !== null ? work + careful.work : work)) yield 'pause';
    level.chosen = provider;
    if (!allHold(constraints, levels, depth, counts)) continue;
    if (!allHold(matchings, levels, depth + 1, counts)) continue;
    states[depth + 1] = null;
    if (isCareful) {
      if (!allHold(sums, levels, depth, counts)) continue;
      careful ??= deadEnds.at(levels, anchor);
      const state = careful.stateAt(depth + 1);
      if (state !== null && isKnown(careful, state, counts)) continue;
      states[depth + 1] = state;
    }
    depth++;
    foundBefore[depth] = found;
  }
}

/** The work of one try, in the units of effort.ts. Matchings examine the providers and the levels. */
function workOfATry(
  levels: readonly Level[],
  constraints: readonly Constraint[],
  matchings: readonly MatchingCheck[],
): number {
  let options = 0;
  if (matchings.length > 0) for (const level of levels) options = Math.max(options, level.options.length);
  return 10 + constraints.length * levels.length + matchings.length * (options + 4 * levels.length);
}

function isKnown(deadEnds: DeadEndsAtAnchor, state: string, counts: CombinationCounts): boolean {
  if (!deadEnds.isDead(state)) return false;
  counts.dropped['dead end']++;
  return true;
}

function allHold(
  constraints: readonly (Constraint | MatchingCheck)[],
  levels: readonly Level[],
  depth: number,
  counts: CombinationCounts,
): boolean {
  for (const constraint of constraints) {
    if (constraint.allows(levels, depth)) continue;
    counts.dropped[constraint.name]++;
    return false;
  }
  return true;
}
