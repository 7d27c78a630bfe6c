import type { Provider } from '../topology/model.js';
import type { AggregateCount } from './aggregates.js';
import type { Capacity } from './capacity.js';
import type { TreeCount } from './count.js';
import type { AmountCondition, Count } from './model.js';

interface Named {
  readonly name: string;
  readonly uuid: string;
}

interface Bounded {
  readonly at_least: number;
  readonly at_most: number;
}

/** The response of GET /stockroom/capacity (docs/contract/explain-and-capacity.md). */
export interface CapacityDocument {
  /** The microversion with which the query was parsed. */
  readonly version: string;
  readonly count: Bounded;
  readonly exact: boolean;
  readonly trees: Capacity['trees'];
  readonly limits: readonly { readonly condition: string; readonly trees: number }[];
  readonly if_pooled: number;
  readonly by_aggregate: readonly (Bounded & { readonly aggregate: string })[];
  readonly by_tree: readonly (Bounded & { readonly root: Named; readonly limits: readonly string[] })[];
  /** Present only when sharing providers serve other trees. */
  readonly shared?: readonly { readonly provider: Named; readonly condition: string }[];
  readonly complete: boolean;
}

/** The parts of a count that the document shows. */
export interface Shown {
  readonly version: string;
  /** The number of trees, and of aggregates, in the document. */
  readonly show: number;
  /** The roots of trees that the document lists first, also when no request fits in them. */
  readonly roots: readonly Provider[];
}

export function capacityDocument(capacity: Capacity, { version, show, roots }: Shown): CapacityDocument {
  const { count, trees, limits, ifPooled, byAggregate, byTree, shared, complete } = capacity;
  return {
    version,
    count: bounded(count),
    exact: count.atLeast === count.atMost,
    trees,
    limits: [...limits]
      .sort((a, b) => b.trees - a.trees)
      .map(({ condition, trees: limited }) => ({ condition: condition.id, trees: limited })),
    if_pooled: ifPooled,
    by_aggregate: largest(byAggregate, show, ({ aggregate }) => aggregate).map(renderAggregate),
    by_tree: treesShown(byTree, show, roots),
    ...(shared === null ? {} : { shared: shared.map(renderShared).sort(byProviderAndCondition) }),
    complete,
  };
}

const bounded = ({ atLeast, atMost }: Count): Bounded => ({ at_least: atLeast, at_most: atMost });

function named({ name, uuid }: Provider): Named {
  return { name, uuid };
}

function renderAggregate({ aggregate, count }: AggregateCount): CapacityDocument['by_aggregate'][number] {
  return { aggregate, ...bounded(count) };
}

function renderTree({ survey, count, limits }: TreeCount): CapacityDocument['by_tree'][number] {
  return { root: named(survey.root), ...bounded(count), limits: idsOf(limits) };
}

const idsOf = (conditions: readonly AmountCondition[]): string[] => conditions.map(({ id }) => id);

function renderShared({ provider, condition }: NonNullable<Capacity['shared']>[number]) {
  return { provider: named(provider), condition: condition.id };
}

function byProviderAndCondition(
  a: { readonly provider: Named; readonly condition: string },
  b: { readonly provider: Named; readonly condition: string },
): number {
  return compared(a.provider.name, b.provider.name) || compared(a.condition, b.condition);
}

function treesShown(
  byTree: readonly TreeCount[],
  show: number,
  roots: readonly Provider[],
): CapacityDocument['by_tree'] {
  const wanted = new Map(roots.map((root) => [root.id, root]));
  const asked = new Map<number, TreeCount>();
  const others: TreeCount[] = [];
  for (const tree of byTree) {
    const { id } = tree.survey.root;
    if (wanted.has(id)) asked.set(id, tree);
    else others.push(tree);
  }
  const first = Array.from(wanted.values(), (root) => {
    const tree = asked.get(root.id);
    return tree === undefined ? { root: named(root), at_least: 0, at_most: 0, limits: [] } : renderTree(tree);
  });
  return [...first, ...largest(others, show, ({ survey }) => survey.root.name).map(renderTree)];
}

/**
 * Returns the `show` items with the largest counts, the largest first, and equal ones by name. It keeps the best items in one pass,
 * because sorting 100,000 equal hosts compares names for 100 ms and blocks the event loop.
 */
function largest<Item extends { readonly count: Count }>(
  items: readonly Item[],
  show: number,
  nameOf: (item: Item) => string,
): Item[] {
  const order = (a: Item, b: Item): number =>
    b.count.atLeast - a.count.atLeast || b.count.atMost - a.count.atMost || compared(nameOf(a), nameOf(b));
  const best: Item[] = [];
  if (show === 0) return best;
  for (const item of items) {
    const last = best.at(-1);
    if (last !== undefined && best.length === show && order(last, item) <= 0) continue;
    const at = best.findIndex((one) => order(item, one) < 0);
    best.splice(at < 0 ? best.length : at, 0, item);
    if (best.length > show) best.pop();
  }
  return best;
}

function compared(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
