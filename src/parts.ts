import type { Pool } from './db/pool.js';
import type { Author } from './history/author.js';
import type { HistoryReader } from './history/reader.js';
import type { PipelineOptions } from './http/pipeline.js';
import type { RouteRequest } from './http/route.js';
import type { WriteClaims } from './ledger/claims.js';
import type { Explaining } from './resources/explain/explaining.js';
import type { CandidatesOptions } from './resources/allocation-candidates/resolve.js';
import type { IncompleteConsumer } from './resources/allocations/parse.js';
import type { ListsParts } from './lists/parts.js';
import type { Health } from './ops/health.js';
import type { CandidatesResult } from './candidates/search.js';
import type { TopologyReader } from './topology/catch-up.js';
import type { Turnstile } from './turnstile.js';

/** What the routes work with. */
export interface Parts extends PipelineOptions {
  readonly pool: Pool;
  readonly topology: TopologyReader;
  readonly writeClaims: WriteClaims;
  /** Who asks for the changes of a request; null while no history is kept. */
  readonly authorOf: (request: RouteRequest) => Author | null;
  readonly history: HistoryReader;
  readonly incompleteConsumer: IncompleteConsumer;
  readonly candidates: CandidatesOptions;
  /** Is told of each search for candidates, for the metrics. */
  readonly onSearch: (result: CandidatesResult, seconds: number) => void;
  /** `[stockroom] capacity_max_steps`. */
  readonly capacityMaxSteps: number;
  /** Is told how long counting a capacity took, in seconds of work. */
  readonly onCapacity: (seconds: number) => void;
  /** Questions about the whole cloud, explain and capacity, of which only a few are worked out at a time. */
  readonly questions: Turnstile;
  readonly explaining: Explaining;
  readonly health: Health;
  readonly lists: ListsParts;
}
