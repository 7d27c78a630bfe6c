import { SHARING_TRAIT } from '../../candidates/sharing.js';
import { toJson } from '../../http/json.js';
import { nowSeconds } from '../../http/respond.js';
import type { Route } from '../../http/route.js';
import type { Slices } from '../../event-loop.js';
import { withPauses } from '../../slices.js';
import type { TopologyReader } from '../../topology/catch-up.js';
import { version } from '../../ops/version.js';
import { memberOf, type Provider } from '../../topology/model.js';
import type { AgedValue } from '../../stale-while-revalidate.js';
import type { ShapeGauges } from '../capacity/gauges.js';
import { findProvider } from '../find-provider.js';
import { withViewInSlice } from '../view-in-slice.js';
import type { Estimates } from './estimates.js';
import { parseTreesQuery, renderPosition, resolveTreesQuery } from './query.js';
import { inOrderOfTree, relatedRoots } from './sharing-trees.js';
import { renderTree, timeText, treeEntry } from './render.js';
import { selectTrees } from './select.js';
import { totalsOf } from './totals.js';
import type { TwoTrees } from './two-trees.js';

const [VERSION, STARTED_AT] = [version(), new Date(performance.timeOrigin)];

/** The dependencies of the routes of the overview. */
export interface OverviewRouteDependencies {
  readonly topology: Pick<TopologyReader, 'current' | 'whole' | 'status'>;
  readonly slices: Slices;
  readonly shapes: ShapeGauges;
  readonly estimate: () => Promise<Estimates>;
  readonly onTwoTrees: () => Promise<AgedValue<TwoTrees> | null>;
}

/**
 * The routes for the data about the whole cloud that the console shows (docs/contract/console.md). They read the data from memory. Each
 * takes the objects that it needs from the view at once, and then works in slices, because providers and trees are constants.
 */
export function overviewRoutes(dependencies: OverviewRouteDependencies): Route[] {
  const { topology, slices, shapes, estimate, onTwoTrees } = dependencies;
  return [
    {
      method: 'GET',
      path: '/stockroom/overview',
      rule: 'stockroom:overview',
      checkAccept: true,
      async handle() {
        const seen = await withViewInSlice(topology, slices, (view) => ({
          asOf: new Date(),
          providers: [...view.providers.values()],
          trees: view.trees.size,
        }));
        const totals = await withPauses(totalsOf(seen.providers));
        const [{ consumers, history }, counted, doubled] = await Promise.all([estimate(), shapes.read(), onTwoTrees()]);
        const body = {
          as_of: timeText(seen.asOf),
          providers: seen.providers.length,
          trees: seen.trees,
          consumers,
          classes: totals.classes,
          over_capacity: totals.overCapacity,
          without_inventory: totals.withoutInventory,
          on_two_trees:
            doubled === null ? null : { as_of: timeText(new Date(Date.now() - doubled.age * 1000)), ...doubled.value },
          shapes: (counted?.shapes ?? []).map(({ name, query, atLeast, atMost, limits }) => ({
            name,
            query,
            at_least: atLeast,
            at_most: atMost,
            limits,
          })),
          history: { ...history, oldest: history.oldest === null ? null : timeText(history.oldest) },
          process: { version: VERSION, started_at: timeText(STARTED_AT) },
        };
        return { status: 200, body: toJson(body), modified: nowSeconds() };
      },
    },
    {
      method: 'GET',
      path: '/stockroom/providers',
      rule: 'stockroom:overview',
      checkAccept: true,
      async handle({ query }) {
        const asked = parseTreesQuery(query);
        const seen = await withViewInSlice(topology, slices, (view) => ({
          changedAt: topology.status().changedAt,
          filter: resolveTreesQuery(view, asked),
          trees: [...view.trees.values()],
          sharing: view.traitByName(SHARING_TRAIT),
        }));
        const { page, matching, isLast } = await withPauses(selectTrees(seen.trees, seen.filter, asked));
        const last = page.at(-1);
        const body = {
          as_of: seen.changedAt === null ? null : timeText(seen.changedAt),
          trees: page.map((selected) => treeEntry(selected, seen.sharing)),
          matching,
          next: isLast || last === undefined ? null : renderPosition(last.position, asked.sort, asked.resourceClass),
        };
        return { status: 200, body: toJson(body), modified: nowSeconds() };
      },
    },
    {
      method: 'GET',
      path: '/stockroom/providers/:uuid',
      rule: 'stockroom:overview',
      checkAccept: true,
      async handle(request) {
        const { tree, related } = await withViewInSlice(topology, slices, (view) => {
          const tree = view.treeOf(findProvider(view, request.param('uuid')));
          const roots = relatedRoots(view, tree, view.traitByName(SHARING_TRAIT));
          const related = [...roots].flatMap((rootId): Provider[] => {
            const other = view.trees.get(rootId);
            const root = other === undefined ? undefined : memberOf(other, rootId);
            return root === undefined ? [] : [root];
          });
          return { tree, related };
        });
        const body = renderTree({ asOf: new Date(), providers: inOrderOfTree(tree), related });
        return { status: 200, body, modified: nowSeconds() };
      },
    },
  ];
}
