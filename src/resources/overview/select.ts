import { inParts, type Divided } from '../../slices.js';
import {
  hasTrait,
  memberOf as memberOfTree,
  type Provider,
  type ResourceClass,
  type Trait,
  type Tree,
} from '../../topology/model.js';
import { isOverCapacity } from './totals.js';

/** The states of providers that an operator should check: an inventory over its capacity, or no inventory. */
export type Attention = 'over_capacity' | 'without_inventory';

/** A tree matches when all filters hold for one of its providers. Null is no filter. */
export interface TreeFilter {
  /** A part of a name, or the beginning of a UUID, in lower case. */
  readonly q: string | null;
  readonly trait: Trait | null;
  readonly memberOf: string | null;
  readonly resourceClass: ResourceClass | null;
  readonly state: Attention | null;
}

/** By name, or by the used part of the tree's capacity of a resource class: the largest part first, or the smallest part first. */
export type Sort = 'name' | 'fullest' | 'freest';

/** The place of a tree in an order: by `value`, then by name and UUID of its root. */
export interface Position {
  /** 0 for the order by name. */
  readonly value: number;
  readonly name: string;
  readonly uuid: string;
}

export interface Selected {
  readonly tree: Tree;
  readonly root: Provider;
  readonly position: Position;
  /** The providers of the tree for which the filter holds. Empty when there is no filter. */
  readonly matched: readonly Provider[];
}

export interface Selection {
  readonly page: readonly Selected[];
  /** The number of trees for which the filter holds, on all pages. */
  readonly matching: number;
  readonly isLast: boolean;
}

export interface TreeOrder {
  readonly sort: Sort;
  readonly limit: number;
  /** The page begins after this place. */
  readonly after: Position | null;
}

/** Selects the trees of a page: the first trees of an order for which a filter holds. Only the trees of the page are kept in memory. */
export function* selectTrees(trees: readonly Tree[], filter: TreeFilter, order: TreeOrder): Divided<Selection> {
  const { sort, limit, after } = order;
  const page: Selected[] = [];
  let [matching, behind] = [0, 0];
  yield* inParts(trees, (tree) => {
    const matched = matchesOf(tree, filter);
    const root = memberOfTree(tree, tree.rootId);
    if (matched === null || root === undefined) return;
    matching++;
    const position = { value: valueOf(tree, filter.resourceClass, sort), name: root.name, uuid: root.uuid };
    if (after !== null && compare(position, after) <= 0) return;
    behind++;
    const last = page.at(-1);
    if (page.length === limit && last !== undefined && compare(position, last.position) > 0) return;
    page.splice(placeIn(page, position), 0, { tree, root, position, matched });
    if (page.length > limit) page.pop();
  });
  return { page, matching, isLast: behind === page.length };
}

/** The providers of a tree for which a filter holds; null when there is none. */
function matchesOf({ members }: Tree, filter: TreeFilter): readonly Provider[] | null {
  const { q, trait, memberOf, resourceClass, state } = filter;
  if (q === null && trait === null && memberOf === null && resourceClass === null && state === null) return NONE;
  const matched = members.filter(
    (provider) =>
      (q === null || provider.name.toLowerCase().includes(q) || provider.uuid.startsWith(q)) &&
      (trait === null || hasTrait(provider.traits, trait)) &&
      (memberOf === null || provider.aggregates.includes(memberOf)) &&
      (resourceClass === null || provider.inventories.some((one) => one.resourceClass.id === resourceClass.id)) &&
      (state === null || IS_IN_STATE[state](provider)),
  );
  return matched.length === 0 ? null : matched;
}

const NONE: readonly Provider[] = [];

const IS_IN_STATE: { readonly [state in Attention]: (provider: Provider) => boolean } = {
  over_capacity: isOverCapacity,
  without_inventory: ({ inventories }) => inventories.length === 0,
};

function valueOf(tree: Tree, resourceClass: ResourceClass | null, sort: Sort): number {
  if (sort === 'name' || resourceClass === null) return 0;
  let [capacity, used] = [0, 0];
  for (const { inventories } of tree.members) {
    for (const inventory of inventories) {
      if (inventory.resourceClass.id !== resourceClass.id) continue;
      capacity += Math.trunc(inventory.capacity);
      used += inventory.used;
    }
  }
  // A tree without capacity has nothing free, so it counts as full.
  const part = capacity > 0 ? used / capacity : 1;
  return sort === 'fullest' ? -part : part;
}

function compare(a: Position, b: Position): number {
  return a.value - b.value || compareTexts(a.name, b.name) || compareTexts(a.uuid, b.uuid);
}

function compareTexts(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

function placeIn(page: readonly Selected[], position: Position): number {
  let [low, high] = [0, page.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    const other = page[middle];
    if (other !== undefined && compare(other.position, position) < 0) low = middle + 1;
    else high = middle;
  }
  return low;
}
