import type { Pace } from '../../src/candidates/effort.js';
import type { CandidatesRequest } from '../../src/candidates/request.js';
import { conditionsOf } from '../../src/explain/conditions.js';
import { documentOf, type ExplainDocument } from '../../src/explain/document.js';
import { explain, type ExplainOptions, type Explanation } from '../../src/explain/explain.js';
import type { View } from '../../src/topology/model.js';
import { requestFrom } from './candidates.js';

const ENDLESS: Pace = { isDue: () => false, seconds: () => 0 };

/** Explains at once, without a pause. */
export function explainAtOnce(
  view: View,
  request: CandidatesRequest,
  options: Partial<ExplainOptions> = {},
): Explanation {
  const all = { show: 10, providers: [], maxSteps: 2_000_000, ...options };
  const next = explain(view, request, conditionsOf(request), all, ENDLESS).next();
  if (next.done !== true) throw new Error('it paused');
  return next.value;
}

/** The document for a query string in the notation of {@link requestFrom}. */
export function explained(view: View, query: string, options: Partial<ExplainOptions> = {}): ExplainDocument {
  return documentOf(explainAtOnce(view, requestFrom(view, query), options), '1.39');
}
