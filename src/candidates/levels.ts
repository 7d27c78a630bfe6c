import type { Provider, Tree } from '../topology/model.js';
import { isAtOrAbove, placesOf, type TreePosition } from './ancestry.js';
import type { Slot } from './plan.js';
import type { Sharer } from './sharing.js';
import type { Subtree } from './subtrees.js';

/** A slot at one anchor, with the providers that may serve it and, during the search, the chosen provider. */
export interface Level {
  readonly slot: Slot;
  /** The providers that may serve the slot. Slots of one kind have the same list object. */
  options: readonly Provider[];
  /** The index of the option that the search tries next. */
  next: number;
  /** The chosen provider. It is valid only for levels up to the present depth of the search. */
  chosen: Provider | null;
}

/** Returns the tree of a provider as it was when the search began. */
export type TreeOf = (provider: Provider) => Tree;

/** A tree, with the providers that a candidate at its root can have. */
export interface Anchor {
  readonly tree: Tree;
  readonly root: Provider;
  readonly sharers: readonly Sharer[];
  /** Returns the tree of one of these providers. */
  readonly treeOf: TreeOf;
}

/** Builds the levels of the search at an anchor step by step, so that the search can yield between the steps. */
export interface LevelsToBe {
  /** The search calls it for each slot in order. Returns false when the slot has no provider, so that the anchor has no candidates. */
  add(slot: Slot): boolean;
  /** The search calls it for each same_subtree, after it has added all slots. Returns false when some slot has no provider left. */
  restrict(subtree: Subtree): boolean;
  /**
   * Returns the levels in the order in which the search decides them.
   *
   * @param weights by index of the slot; of slots with equally many options the one with the largest weight comes first
   */
  inOrder(weights: readonly number[], subtrees: readonly Subtree[]): Level[];
}

export function levelsToBe(anchor: Anchor): LevelsToBe {
  const levels: Level[] = [];
  const byKind: (readonly Provider[] | undefined)[] = [];
  let placeOf: ((provider: Provider) => TreePosition) | null = null;
  return {
    add(slot) {
      const options = (byKind[slot.kind] ??= optionsOf(slot, anchor));
      levels.push({ slot, options, next: 0, chosen: null });
      return options.length > 0;
    },
    restrict(subtree) {
      placeOf ??= placesAt(anchor);
      return keepSubtreeOptions(levels, subtree, placeOf);
    },
    inOrder: (weights, subtrees) => inOrder(levels, weights, subtrees),
  };
}

function optionsOf(slot: Slot, { tree, root, sharers }: Anchor): Provider[] {
  const options: Provider[] = [];
  for (const member of tree.members) if (slot.servesAtHome(member, root)) options.push(member);
  for (const sharer of sharers) if (sharer.serves(slot)) options.push(sharer.provider);
  return options;
}

/** Returns a function that finds the position of a provider that can be an option at an anchor. */
export function placesAt({ tree, treeOf }: Anchor): (provider: Provider) => TreePosition {
  const home = placesOf(tree);
  return (provider) => {
    const place = home.get(provider.id) ?? placesOf(treeOf(provider)).get(provider.id);
    if (place === undefined) throw new Error(`provider ${provider.uuid} has no place in its tree`);
    return place;
  };
}

/**
 * Drops the options that cannot be part of any subtree: those that are not at or below a top that has options of every listed group at or
 * below it. Otherwise the search would detect many times, at a large depth, that two groups only fit in different NUMA cells. Returns
 * whether each listed level has an option left.
 */
function keepSubtreeOptions(
  levels: readonly Level[],
  subtree: Subtree,
  placeOf: (provider: Provider) => TreePosition,
): boolean {
  const listed = levels.filter(({ slot }) => subtree.has(slot));
  const lists = new Map<readonly Provider[], readonly TreePosition[]>();
  for (const { options } of listed) if (!lists.has(options)) lists.set(options, options.map(placeOf).sort(byPlace));
  const tops: TreePosition[] = [];
  for (const places of lists.values()) {
    for (const top of places) if ([...lists.values()].every((others) => hasOneBelow(others, top))) tops.push(top);
  }
  const highest = highestOf(tops);
  const kept = new Map<readonly Provider[], readonly Provider[]>();
  for (const options of lists.keys()) {
    const left = options.filter((option) => isCovered(highest, placeOf(option)));
    kept.set(options, left.length === options.length ? options : left);
  }
  for (const level of listed) level.options = kept.get(level.options) ?? level.options;
  return listed.every(({ options }) => options.length > 0);
}

/** Returns the positions that are not below another one of them, sorted. */
function highestOf(places: readonly TreePosition[]): TreePosition[] {
  const highest: TreePosition[] = [];
  // A parent sorts before its descendants.
  for (const place of [...places].sort(byPlace)) {
    const above = highest.at(-1);
    if (above === undefined || !isAtOrAbove(above, place)) highest.push(place);
  }
  return highest;
}

function byPlace(a: TreePosition, b: TreePosition): number {
  return a.rootId - b.rootId || a.first - b.first;
}

/** Whether one of the sorted places is at or below `top`. */
function hasOneBelow(sorted: readonly TreePosition[], top: TreePosition): boolean {
  const place = sorted[lowerBound(sorted, top)];
  return place !== undefined && isAtOrAbove(top, place);
}

/** Whether one of the tops is at or above `place`. The tops are sorted, and none is above another. */
function isCovered(tops: readonly TreePosition[], place: TreePosition): boolean {
  const at = lowerBound(tops, place);
  return [tops[at], tops[at - 1]].some((top) => top !== undefined && isAtOrAbove(top, place));
}

/** The position of the first of the sorted places that is not before `place`. */
function lowerBound(sorted: readonly TreePosition[], place: TreePosition): number {
  let [low, high] = [0, sorted.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    const other = sorted[middle];
    if (other !== undefined && byPlace(other, place) < 0) low = middle + 1;
    else high = middle;
  }
  return low;
}

/**
 * Orders the levels. Levels with few options come first, so that the search meets dead ends early. For the same reason, groups of one
 * same_subtree are next to each other. Of equal levels, the level that takes most comes first, because it limits the others most.
 */
function inOrder(levels: readonly Level[], weights: readonly number[], subtrees: readonly Subtree[]): Level[] {
  const left = [...levels].sort(
    (a, b) => a.options.length - b.options.length || (weights[b.slot.index] ?? 0) - (weights[a.slot.index] ?? 0),
  );
  if (subtrees.length === 0) return left;
  const ordered: Level[] = [];
  const begun = new Set<Subtree>();
  const mates = new Set<Slot>();
  while (left.length > 0) {
    const mate = left.findIndex(({ slot }) => mates.has(slot));
    const [best] = left.splice(Math.max(mate, 0), 1);
    if (best === undefined) break;
    ordered.push(best);
    for (const subtree of subtrees) {
      if (begun.has(subtree) || !subtree.has(best.slot)) continue;
      begun.add(subtree);
      for (const slot of subtree) mates.add(slot);
    }
  }
  return ordered;
}
