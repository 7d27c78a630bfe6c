import type { Provider, Tree, View } from '../topology/model.js';
import type { Plan, Slot } from './match.js';
import type { Sharer } from './sharing.js';
import { isAtOrAbove, type Subtree } from './subtrees.js';

/** A slot at one anchor: where it may go and, while the search runs, where it is. */
export interface Level {
  readonly slot: Slot;
  options: Provider[];
  /** Which option is to be tried next. */
  next: number;
  /** Meaningful at and above the depth the search is in. */
  chosen: Provider | null;
}

/** The levels of the search at an anchor, in the order in which they are decided; `null` when some slot has no provider. */
export function levelsAt(
  view: View,
  plan: Plan,
  subtrees: readonly Subtree[],
  tree: Tree,
  root: Provider,
  sharers: readonly Sharer[],
): Level[] | null {
  const levels: Level[] = [];
  for (const slot of plan.slots) {
    const options: Provider[] = [];
    for (const member of tree.members) if (slot.servesAtHome(member, root)) options.push(member);
    for (const sharer of sharers) if (sharer.serves.has(slot)) options.push(sharer.provider);
    if (options.length === 0) return null;
    levels.push({ slot, options, next: 0, chosen: null });
  }
  for (const subtree of subtrees) keepSubtreeOptions(view, levels, subtree);
  if (levels.some(({ options }) => options.length === 0)) return null;
  return inOrder(levels, subtrees);
}

/**
 * Drops the options that cannot be part of any subtree: those not at or below a top that has an option of every listed group
 * at or below it. Without this, two groups that only fit in different NUMA cells would be told apart again and again, deep in
 * the search.
 */
function keepSubtreeOptions(view: View, levels: readonly Level[], subtree: Subtree): void {
  const listed = levels.filter(({ slot }) => subtree.has(slot));
  const tops = new Set<Provider>();
  for (const { options } of listed) {
    for (const top of options) {
      const reachesAll = listed.every((level) => level.options.some((option) => isAtOrAbove(view, top, option)));
      if (reachesAll) tops.add(top);
    }
  }
  for (const level of listed) {
    level.options = level.options.filter((option) => [...tops].some((top) => isAtOrAbove(view, top, option)));
  }
}

/** Few options first, so that dead ends show early; groups of one same_subtree next to each other for the same reason. */
function inOrder(levels: readonly Level[], subtrees: readonly Subtree[]): Level[] {
  const left = new Set(levels);
  const ordered: Level[] = [];
  let mates = new Set<Slot>();
  while (left.size > 0) {
    let best: Level | null = null;
    for (const level of left) {
      const isMate = mates.has(level.slot);
      const bestIsMate = best !== null && mates.has(best.slot);
      if (best === null || (isMate && !bestIsMate)) best = level;
      else if (isMate === bestIsMate && level.options.length < best.options.length) best = level;
    }
    if (best === null) break;
    left.delete(best);
    ordered.push(best);
    for (const subtree of subtrees) if (subtree.has(best.slot)) mates = new Set([...mates, ...subtree]);
  }
  return ordered;
}
