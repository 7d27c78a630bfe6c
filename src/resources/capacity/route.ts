import { measureCapacity } from '../../capacity/capacity.js';
import { capacityDocument, type CapacityDocument } from '../../capacity/document.js';
import type { CapacityBounds } from '../../capacity/model.js';
import type { Pace, Pause } from '../../candidates/effort.js';
import { toJson } from '../../http/json.js';
import { nowSeconds } from '../../http/respond.js';
import type { Route } from '../../http/route.js';
import type { Provider, View } from '../../topology/model.js';
import { parseAnalysisQuery, wholeNumber, type AnalysisQuery } from '../analysis/query.js';
import { analyse, type AnalysisDependencies } from '../analysis/analyse.js';

/** The dependencies of the route of capacity. */
export interface CapacityRouteDependencies extends AnalysisDependencies {
  /** `[stockroom] capacity_max_steps`. */
  readonly capacityMaxSteps: number;
  /** Called after each count, with its seconds of work. */
  readonly onCapacity: (seconds: number) => void;
}

/** Counts how many more requests of a shape fit (docs/contract/explain-and-capacity.md#capacity), in memory. It reserves no resources. */
export function capacityRoutes(dependencies: CapacityRouteDependencies): Route[] {
  const { capacityMaxSteps, onCapacity } = dependencies;
  return [
    {
      method: 'GET',
      path: '/stockroom/capacity',
      rule: 'stockroom:capacity',
      checkAccept: true,
      async handle(routeRequest) {
        const { query, version } = routeRequest;
        const parsed = parseAnalysisQuery(query, version, ['enough']);
        const enough = wholeNumber(query, 'enough', { least: 1, most: Infinity });
        const bounds = { maxSteps: capacityMaxSteps, enough };
        const shown = { version: version.text, show: parsed.show };
        const { result, seconds } = await analyse(dependencies, routeRequest, parsed, (view, resolved, pace) =>
          evaluateCapacity(view, resolved, bounds, shown, pace),
        );
        onCapacity(seconds);
        return { status: 200, body: toJson(result), modified: nowSeconds() };
      },
    },
  ];
}

/** Makes the document of the response. It yields when the pace is due, and reads the view only before it yields for the first time. */
export function* evaluateCapacity(
  view: View,
  { request, providers }: Pick<AnalysisQuery, 'request' | 'providers'>,
  bounds: CapacityBounds,
  { version, show }: { readonly version: string; readonly show: number },
  pace: Pace,
): Generator<Pause, CapacityDocument, void> {
  const roots = [...new Set(providers.map(({ rootId }) => rootId))].flatMap(
    (rootId): Provider[] => view.trees.get(rootId)?.members.filter(({ id }) => id === rootId) ?? [],
  );
  const capacity = yield* measureCapacity(view, request, bounds, pace);
  return capacityDocument(capacity, { version, show, roots });
}
