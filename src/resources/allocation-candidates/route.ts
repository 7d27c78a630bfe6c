import type { CandidatesRequest } from '../../candidates/request.js';
import type { Parts } from '../../parts.js';
import { DEFAULT_BOUNDS } from '../../candidates/search.js';
import { searchEnded } from '../../errors.js';
import { longBody } from '../../http/long-body.js';
import { nowSeconds } from '../../http/respond.js';
import type { Reply, Route, RouteRequest } from '../../http/route.js';
import { inASlice } from '../in-a-slice.js';
import { parseCandidatesQuery } from './parse.js';
import { resolveQuery } from './resolve.js';
import { search, type Outcome } from './search.js';
import { renderCandidates } from './view.js';
import { createEmptyAnswers, type EmptyAnswers } from './why.js';

/** Where a request could fit. Answered from memory; what it finds is only an offer, which the claim checks again. */
export function allocationCandidateRoutes(parts: Parts): Route[] {
  const { topology, candidates: options, slices, memory } = parts;
  let emptyAnswers: EmptyAnswers | null = null;
  return [
    {
      method: 'GET',
      path: '/allocation_candidates',
      since: 'allocationCandidates',
      rule: 'placement:allocation_candidates:list',
      checkAccept: true,
      handle,
    },
  ];

  async function handle(routeRequest: RouteRequest): Promise<Reply> {
    const { query, version } = routeRequest;
    const parsed = parseCandidatesQuery(query, version);
    return inASlice(topology, slices, (view) => {
      const request = resolveQuery(view, parsed, version, options);
      const isGone = (): boolean => routeRequest.isGone();
      const bounds = { ...DEFAULT_BOUNDS, maxSeconds: options.maxSearchSeconds };
      const outcome = search(view, request, bounds, { slices, room: memory.responses, isGone });
      const respond = (one: Outcome): Reply => replyOf(routeRequest, request, one);
      return outcome instanceof Promise ? outcome.then(respond) : respond(outcome);
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
    parts.onSearch(result, seconds);
    const line = { request_id: requestId, trace };
    if (endedBy !== null)
      parts.log.warn({ ...line, bound: endedBy }, 'allocation candidates: the search ended at its bound');
    else if (combinations.length === 0) void tellWhy(line, request);
  }

  async function tellWhy(line: object, request: CandidatesRequest): Promise<void> {
    emptyAnswers ??= createEmptyAnswers(parts);
    const why = await emptyAnswers.why(request);
    parts.log.info(why === null ? line : { ...line, why }, 'allocation candidates: nothing fits');
  }
}
