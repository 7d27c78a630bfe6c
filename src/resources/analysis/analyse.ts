import type { RouteRequest } from '../../http/route.js';
import type { Slices, Stopwatch } from '../../event-loop.js';
import type { TopologyReader } from '../../topology/catch-up.js';
import type { View } from '../../topology/model.js';
import type { Semaphore } from '../../semaphore.js';
import { withViewInSlice } from '../view-in-slice.js';
import { runInSlices, type TimedResult } from './run-in-slices.js';
import { resolveAnalysisQuery, type ParsedAnalysisQuery, type AnalysisQuery } from './query.js';

/** The dependencies of the routes that analyse the whole cloud: explain and capacity. */
export interface AnalysisDependencies {
  readonly topology: TopologyReader;
  readonly slices: Slices;
  /** Admits a few analyses at a time. */
  readonly analyses: Semaphore;
}

/**
 * Does an analysis when there is a place for it, and returns its result.
 *
 * @param start begins the work, which yields when its pace is due; it must not read the view after it has yielded for the first time
 * @throws 400 for unknown names, 404 for an unknown provider, 503 when too many analyses wait
 */
export async function analyse<T>(
  { topology, slices, analyses }: AnalysisDependencies,
  routeRequest: RouteRequest,
  parsed: ParsedAnalysisQuery,
  start: (view: View, resolved: AnalysisQuery, pace: Stopwatch) => Iterator<unknown, T, void>,
): Promise<TimedResult<T>> {
  const leave = await analyses.enter();
  try {
    return await withViewInSlice(topology, slices, (view) => {
      const resolved = resolveAnalysisQuery(view, parsed, routeRequest.version);
      return runInSlices(
        (pace) => start(view, resolved, pace),
        slices,
        () => routeRequest.isGone(),
      );
    });
  } finally {
    leave();
  }
}
