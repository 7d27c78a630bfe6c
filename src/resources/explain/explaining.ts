import type { Explanation } from '../../explain/explain.js';

/** The options of explanations. */
export interface Explaining {
  /** Options looked at and providers tried for one explanation. */
  readonly maxSteps: number;
  /** Whether empty responses of GET /allocation_candidates are explained in the log. */
  readonly emptyResponses: boolean;
  /** Is told of each explanation and the seconds of work it took, for the metrics. */
  readonly onExplain: (explanation: Explanation, seconds: number) => void;
  /** Is told of the explanation of each empty response that has one. */
  readonly onEmptyExplained: (explanation: Explanation) => void;
}
