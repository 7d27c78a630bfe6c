import type { Pace, Pause } from '../candidates/effort.js';
import type { Counter, Together, TreeCount } from './count.js';
import type { Tree } from '../topology/model.js';
import type { Count } from './model.js';

/** The number of requests that the trees with a member in an aggregate can take together if all other trees take none. */
export interface AggregateCount {
  readonly aggregate: string;
  readonly count: Count;
}

interface Sum {
  atLeast: number;
  atMost: number;
}

/**
 * Counts every aggregate with a fitting tree.
 *
 * @param lone trees whose providers serve no other tree
 */
export function* countAggregates(
  lone: readonly TreeCount[],
  counted: readonly Together[],
  counter: Counter,
  pace: Pace,
): Generator<Pause, AggregateCount[], void> {
  const sums = new Map<string, Sum>();
  const fits = new Set<string>();
  // Lists of aggregates are interned, and thousands of hosts have the same list.
  const byList = new Map<readonly string[], Sum>();
  for (const { survey, count } of lone) {
    if (pace.isDue(4)) yield 'pause';
    const [only, ...others] = survey.tree.members;
    if (only !== undefined && others.length === 0) {
      add(byList, only.aggregates, count);
      continue;
    }
    const own = aggregatesOf(survey.tree);
    if (pace.isDue(4 * own.size + 4)) yield 'pause';
    for (const aggregate of own) {
      if (count.atLeast > 0) fits.add(aggregate);
      add(sums, aggregate, count);
    }
  }
  for (const [aggregates, count] of byList) {
    if (pace.isDue(4 * aggregates.length)) yield 'pause';
    for (const aggregate of aggregates) {
      if (count.atLeast > 0) fits.add(aggregate);
      add(sums, aggregate, count);
    }
  }
  for (const together of counted) {
    const parts = new Map<string, TreeCount[]>();
    for (const tree of together.trees) {
      const own = aggregatesOf(tree.survey.tree);
      if (pace.isDue(4 * own.size + 4)) yield 'pause';
      for (const aggregate of own) {
        if (tree.count.atLeast > 0) fits.add(aggregate);
        const part = parts.get(aggregate);
        if (part === undefined) parts.set(aggregate, [tree]);
        else part.push(tree);
      }
    }
    for (const [aggregate, part] of parts) {
      const isWhole = part.length === together.trees.length;
      add(sums, aggregate, isWhole ? together.count : yield* counter.countSome(together, part));
    }
  }
  return [...sums].flatMap(([aggregate, count]) => (fits.has(aggregate) ? [{ aggregate, count }] : []));
}

function add<Key>(sums: Map<Key, Sum>, key: Key, { atLeast, atMost }: Count): void {
  const sum = sums.get(key);
  if (sum === undefined) {
    sums.set(key, { atLeast, atMost });
    return;
  }
  sum.atLeast += atLeast;
  sum.atMost += atMost;
}

function aggregatesOf({ members }: Tree): Set<string> {
  return new Set(members.flatMap(({ aggregates }) => aggregates));
}
