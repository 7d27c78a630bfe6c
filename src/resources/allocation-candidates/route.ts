import type { CandidatesRequest } from '../../candidates/request.js';
import { DEFAULT_BOUNDS, type CandidatesResult } from '../../candidates/search.js';
import { searchEnded } from '../../errors.js';
import { longBody } from '../../http/long-body.js';
import type { ClientMemory } from '../../http/client-memory.js';
import { nowSeconds } from '../../http/respond.js';
import type { Reply, Route, RouteRequest } from '../../http/route.js';
import type { Slices } from '../../event-loop.js';
import type { TopologyReader } from '../../topology/catch-up.js';
import { withViewInSlice } from '../view-in-slice.js';
import type { CandidatesCache } from './cache.js';
import { parseCandidatesQuery } from './parse.js';
import { resolveQuery, type CandidatesOptions } from './resolve.js';
import { search, type Outcome } from './search.js';
import { renderCandidates } from './render.js';
import type { EmptyResponses } from './explain-empty.js';
import type { Logger } from 'pino';

/** The dependencies of the route of allocation candidates. */
export interface AllocationCandidateRouteDependencies {
  readonly topology: TopologyReader;
  readonly slices: Slices;
  readonly memory: ClientMemory;
  readonly log: Logger;
  readonly candidates: CandidatesOptions;
  readonly candidatesCache: CandidatesCache;
  readonly emptyResponses: EmptyResponses;
  /** Called after each search, and for each response from the cache, for the metrics. */
  readonly onSearch: (result: CandidatesResult | 'cached', seconds: number) => void;
}

/** Finds where a request could fit, in memory. A candidate is only an offer, which the claim checks again. */
export function allocationCandidateRoutes(dependencies: AllocationCandidateRouteDependencies): Route[] {
  const { topology, candidates: options, candidatesCache: cache, slices, memory, log } = dependencies;
  return [
    {
      method: 'GET',
      path: '/allocation_candidates',
      introducedBy: 'allocationCandidates',
      rule: 'placement:allocation_candidates:list',
      checkAccept: true,
      handle,
    },
  ];

  async function handle(routeRequest: RouteRequest): Promise<Reply> {
    const { query, version } = routeRequest;
    const parsed = parseCandidatesQuery(query, version);
    const key = JSON.stringify([version.text, ...query]);
    return withViewInSlice(topology, slices, (view) => {
      const known = cache.get(view, key);
      if (known !== undefined) {
        dependencies.onSearch('cached', 0);
        return { status: 200, body: known, modified: nowSeconds() };
      }
      const request = resolveQuery(view, parsed, version, options);
      const isGone = (): boolean => routeRequest.isGone();
      const bounds = { ...DEFAULT_BOUNDS, maxSeconds: options.maxSearchSeconds };
      const outcome = search(view, request, bounds, { slices, budget: memory.responses, isGone });
      const respond = (one: Outcome): Reply => replyOf(routeRequest, request, one);
      if (outcome instanceof Promise) return outcome.then(respond);
      const reply = respond(outcome);
      if (isRepeatable(request, outcome.result) && reply.body instanceof Array) cache.keep(view, key, reply.body);
      return reply;
    });
  }

  function replyOf(routeRequest: RouteRequest, request: CandidatesRequest, outcome: Outcome): Reply {
    tell(routeRequest, request, outcome);
    const { result } = outcome;
    const { endedBy } = result;
    if (endedBy !== null && result.combinations.length === 0) throw searchEnded(endedBy);
    return {
      status: 200,
      body: longBody((pace) => renderCandidates(result, request, routeRequest.version, pace), result.held),
      modified: nowSeconds(),
      ...(endedBy === null ? {} : { headers: { 'stockroom-incomplete': endedBy } }),
    };
  }

  function tell({ requestId }: RouteRequest, request: CandidatesRequest, { result, seconds }: Outcome): void {
    const { trace, endedBy, combinations } = result;
    dependencies.onSearch(result, seconds);
    const line = { request_id: requestId, trace };
    if (endedBy !== null) log.warn({ ...line, bound: endedBy }, 'allocation candidates: the search ended at its bound');
    else if (combinations.length === 0) void tellWhy(line, request);
  }

  async function tellWhy(line: object, request: CandidatesRequest): Promise<void> {
    const why = await dependencies.emptyResponses.why(request);
    log.info(why === null ? line : { ...line, why }, 'allocation candidates: nothing fits');
  }
}

/** Whether the same search in the same view finds the same. An empty response is not repeatable, because each one writes a line in the log. */
function isRepeatable({ randomize }: CandidatesRequest, { endedBy, combinations }: CandidatesResult): boolean {
  return randomize === null && endedBy === null && combinations.length > 0;
}
