import type { ChangeKind, ObjectState } from './model.js';

/** The change of an object by one statement. */
export type Step = readonly [before: ObjectState | null, after: ObjectState | null];

/**
 * Merges the changes of one object by the statements of one transaction, in their order.
 *
 * @returns null when they cancel each other out
 */
export function mergeSteps(kind: ChangeKind, steps: readonly Step[]): Step | null {
  if (kind === 'traits' || kind === 'aggregates') return foldSets(steps);
  const [first] = steps;
  if (first === undefined) return null;
  const [before] = first;
  const after = kind === 'allocations' ? foldAmounts(steps) : (steps.at(-1)?.[1] ?? null);
  return isEqual(before, after) ? null : [before, after];
}

/** A statement removes some classes and writes others. Classes that it does not name stay. */
function foldAmounts(steps: readonly Step[]): ObjectState | null {
  const state = new Map(Object.entries(steps[0]?.[0] ?? {}));
  for (const [before, after] of steps) {
    for (const name of Object.keys(before ?? {})) if (after?.[name] === undefined) state.delete(name);
    for (const [name, amount] of Object.entries(after ?? {})) state.set(name, amount);
  }
  return state.size === 0 ? null : Object.fromEntries(state);
}

function foldSets(steps: readonly Step[]): Step | null {
  const [added, removed] = [new Set<string>(), new Set<string>()];
  for (const [, after] of steps) {
    for (const name of namesIn(after, 'removed')) if (!added.delete(name)) removed.add(name);
    for (const name of namesIn(after, 'added')) if (!removed.delete(name)) added.add(name);
  }
  if (added.size + removed.size === 0) return null;
  return [null, { added: [...added].sort(), removed: [...removed].sort() }];
}

function namesIn(state: ObjectState | null, member: string): readonly string[] {
  return (state?.[member] as readonly string[] | undefined) ?? [];
}

function isEqual(one: ObjectState | null, other: ObjectState | null): boolean {
  if (one === null || other === null) return one === other;
  const names = Object.keys(one);
  return names.length === Object.keys(other).length && names.every((name) => one[name] === other[name]);
}
