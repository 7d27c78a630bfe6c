import type { Registry } from 'prom-client';
import type { CandidatesResult } from '../../candidates/search.js';
import type { GroupResult } from '../../ledger/claims.js';
import type { CandidatesCache } from '../../resources/allocation-candidates/cache.js';
import { addHistogram, SECONDS, type Observe } from './histogram.js';
import { addNumber, addNumbers } from './series.js';

export type OnSearch = (result: CandidatesResult | 'cached', seconds: number) => void;

/** Returns a function that counts searches for candidates, and responses from the cache. */
export function meterSearches(registry: Registry): OnSearch {
  const durations = addHistogram(registry, {
    name: 'stockroom_candidates_search_duration_seconds',
    help: 'Searches for allocation candidates, by outcome: found, empty, limited when it ended at its bound before all was searched, or cached when the response of an earlier one was sent again.',
    buckets: SECONDS,
  });
  const [found, empty, limited, cached] = ['found', 'empty', 'limited', 'cached'].map((outcome) =>
    durations.series({ outcome }),
  ) as [Observe, Observe, Observe, Observe];
  return (result, seconds) => {
    if (result === 'cached') cached(seconds);
    else (result.endedBy !== null ? limited : result.combinations.length === 0 ? empty : found)(seconds);
  };
}

/** Shows the size of the cache of responses with allocation candidates. */
export function showCandidatesCache(registry: Registry, cache: Pick<CandidatesCache, 'bytes'>): void {
  addNumber(
    registry,
    {
      name: 'stockroom_candidates_cache_bytes',
      help: 'Bytes of responses with allocation candidates that are kept until something changes.',
      type: 'gauge',
    },
    () => cache.bytes(),
  );
}

/** Returns a function that counts the groups in which claims were written. */
export function meterClaims(registry: Registry): (group: GroupResult) => void {
  const requests = { written: 0, rejected: 0, failed: 0 };
  addNumbers(
    registry,
    {
      name: 'stockroom_claim_requests_total',
      help: 'Requests that change allocations: written, rejected (409, 400), or failed because of the database.',
      type: 'counter',
    },
    'outcome',
    () => requests,
  );
  const sizes = addHistogram(registry, {
    name: 'stockroom_claim_group_size',
    help: 'Requests that were written in one transaction.',
    buckets: [1, 2, 4, 8, 16, 32, 64, 100],
  }).series({});
  return ({ written, rejected, failed }) => {
    requests.written += written;
    requests.rejected += rejected;
    requests.failed += failed;
    sizes(written + rejected + failed);
  };
}

/** Returns a function that counts the catch-ups of the topology. */
export function meterCatchUps(registry: Registry): Observe {
  return addHistogram(registry, {
    name: 'stockroom_topology_catch_up_duration_seconds',
    help: 'Catch-ups of the topology: what every read waits for.',
    buckets: SECONDS,
  }).series({});
}

/** Returns a function that counts the capacities that were computed. */
export function meterCapacities(registry: Registry): Observe {
  return addHistogram(registry, {
    name: 'stockroom_capacity_duration_seconds',
    help: 'Seconds of work to count how many more requests of a shape fit, for GET /stockroom/capacity and for the gauges.',
    buckets: SECONDS,
  }).series({});
}
