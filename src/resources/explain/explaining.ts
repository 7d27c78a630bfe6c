import type { Explanation } from '../../explain/explain.js';

/** The options of explanations. */
export interface Explaining {
  /** The most options examined and providers tried for one explanation. */
  readonly maxSteps: number;
  /** Whether empty responses of GET /allocation_candidates are explained in the log. */
  readonly emptyResponses: boolean;
  /** Called with each explanation and its seconds of work, for the metrics. */
  readonly onExplain: (explanation: Explanation, seconds: number) => void;
  /** Called with the explanation of each empty response that has one. */
  readonly onEmptyExplained: (explanation: Explanation) => void;
}
