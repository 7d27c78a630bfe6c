import type { Parts } from '../../parts.js';
import { findCandidates } from '../../candidates/search.js';
import { nowSeconds } from '../../http/respond.js';
import type { Route } from '../../http/route.js';
import { parseCandidatesQuery } from './parse.js';
import { resolveQuery } from './resolve.js';
import { renderCandidates } from './view.js';

/** Where a request could fit. Answered from memory; what it finds is only an offer, which the claim checks again. */
export function allocationCandidateRoutes({ topology, candidates: options, onSearch, log }: Parts): Route[] {
  return [
    {
      method: 'GET',
      path: '/allocation_candidates',
      since: 'allocationCandidates',
      rule: 'placement:allocation_candidates:list',
      checkAccept: true,
      async handle({ query, version, requestId }) {
        const parsed = parseCandidatesQuery(query, version);
        const view = await topology.current();
        const request = resolveQuery(view, parsed, version, options);
        const start = performance.now();
        const result = findCandidates(view, request);
        onSearch(result, (performance.now() - start) / 1000);
        if (result.truncated) {
          log.warn(
            { request_id: requestId, trace: result.trace },
            'allocation candidates: the search ended at its bound',
          );
        } else if (result.candidates.length === 0) {
          log.info({ request_id: requestId, trace: result.trace }, 'allocation candidates: nothing fits');
        }
        return { status: 200, body: renderCandidates(result, request, view, version), modified: nowSeconds() };
      },
    },
  ];
}
