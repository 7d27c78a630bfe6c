import type { Pace, Pause } from '../candidates/effort.js';
import type { Counter, Together, TreeCount } from './count.js';
import type { Count } from './question.js';

/** What the trees with a member in an aggregate could take together if all others took nothing. */
export interface AggregateCount {
  readonly aggregate: string;
  readonly count: Count;
}

/** Counts every aggregate with a fitting tree. */
export function* countAggregates(
  counted: readonly Together[],
  counter: Counter,
  pace: Pace,
): Generator<Pause, AggregateCount[], void> {
  const sums = new Map<string, { atLeast: number; atMost: number }>();
  const add = (aggregate: string, { atLeast, atMost }: Count): void => {
    const sum = sums.get(aggregate);
    if (sum === undefined) sums.set(aggregate, { atLeast, atMost });
    else [sum.atLeast, sum.atMost] = [sum.atLeast + atLeast, sum.atMost + atMost];
  };
  const fits = new Set<string>();
  /** Trees that no other takes from, by list of aggregates: lists are interned, and thousands of hosts have the same. */
  const alone = new Map<readonly string[], { atLeast: number; atMost: number }>();
  for (const together of counted) {
    const [only] = together.trees;
    if (together.trees.length === 1 && only?.survey.tree.members.length === 1) {
      const { aggregates } = only.survey.root;
      const sum = alone.get(aggregates);
      if (sum === undefined) alone.set(aggregates, { ...only.count });
      else [sum.atLeast, sum.atMost] = [sum.atLeast + only.count.atLeast, sum.atMost + only.count.atMost];
      continue;
    }
    const parts = new Map<string, TreeCount[]>();
    for (const tree of together.trees) {
      const own = new Set(tree.survey.tree.members.flatMap(({ aggregates }) => aggregates));
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
      add(aggregate, isWhole ? together.count : yield* counter.countSome(together, part));
    }
  }
  for (const [aggregates, count] of alone) {
    if (pace.isDue(4 * aggregates.length)) yield 'pause';
    for (const aggregate of aggregates) {
      if (count.atLeast > 0) fits.add(aggregate);
      add(aggregate, count);
    }
  }
  return [...sums].flatMap(([aggregate, count]) => (fits.has(aggregate) ? [{ aggregate, count }] : []));
}
