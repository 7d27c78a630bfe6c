import type { CandidatesRequest } from '../../candidates/request.js';
import { conditionsOf } from '../../explain/conditions.js';
import { explain } from '../../explain/explain.js';
import { runInSlices } from '../analysis/run-in-slices.js';
import type { Slices } from '../../event-loop.js';
import type { TopologyReader } from '../../topology/catch-up.js';
import type { Explaining } from '../explain/explaining.js';

/** In milliseconds. At most one response in this time is explained. */
const PAUSE_MS = 1000;

/**
 * Explains in one sentence why a response is empty, after it has been sent. It makes at most one explanation a second, so that many empty
 * responses cost no more than one.
 */
export interface EmptyResponses {
  /** Returns null when there is no explanation: it is too soon after the last one, or the topology is unavailable. Never rejects. */
  why(request: CandidatesRequest): Promise<string | null>;
}

export interface EmptyResponsesOptions {
  readonly topology: Pick<TopologyReader, 'whole'>;
  readonly slices: Slices;
  readonly explaining: Explaining;
}

export function createEmptyResponses({ topology, slices, explaining }: EmptyResponsesOptions): EmptyResponses {
  let nextAt = -Infinity;
  let isBusy = false;

  async function summary(request: CandidatesRequest): Promise<string | null> {
    await slices.first();
    const view = topology.whole();
    if (view === null) return null;
    const options = { show: 0, providers: [], maxSteps: explaining.maxSteps };
    const { result, seconds } = await runInSlices(
      (pace) => explain(view, request, conditionsOf(request), options, pace),
      slices,
      () => false,
    );
    explaining.onExplain(result, seconds);
    explaining.onEmptyExplained(result);
    return result.summary;
  }

  return {
    async why(request) {
      if (!explaining.emptyResponses || isBusy || performance.now() < nextAt) return null;
      isBusy = true;
      try {
        return await summary({ ...request, limit: null, maxCandidates: null, randomize: null });
      } catch {
        return null;
      } finally {
        isBusy = false;
        nextAt = performance.now() + PAUSE_MS;
      }
    },
  };
}
