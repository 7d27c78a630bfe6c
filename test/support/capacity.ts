import { measureCapacity, type Capacity } from '../../src/capacity/capacity.js';
import { capacityDocument, type CapacityDocument, type Shown } from '../../src/capacity/document.js';
import type { CapacityBounds } from '../../src/capacity/model.js';
import type { CandidatesRequest } from '../../src/candidates/request.js';
import type { View } from '../../src/topology/model.js';
import { requestFrom, type Options } from './candidates.js';

const BOUNDS: CapacityBounds = { maxSteps: 2_000_000, enough: null };

/** Counts to the end without a pause. */
export function countAtOnce(view: View, request: CandidatesRequest, bounds: Partial<CapacityBounds> = {}): Capacity {
  const pace = { isDue: () => false, seconds: () => 0 };
  const next = measureCapacity(view, request, { ...BOUNDS, ...bounds }, pace).next();
  if (next.done !== true) throw new Error('it paused');
  return next.value;
}

/** The document of a query as in the API. Only for queries that are right. */
export function capacityOf(
  view: View,
  query: string,
  options: Options & Partial<CapacityBounds> & Partial<Pick<Shown, 'show' | 'roots'>> = {},
): CapacityDocument {
  const { maxSteps, enough, show = 10, roots = [], ...rest } = options;
  const bounds = { ...(maxSteps === undefined ? {} : { maxSteps }), ...(enough === undefined ? {} : { enough }) };
  const capacity = countAtOnce(view, requestFrom(view, query, rest), bounds);
  return capacityDocument(capacity, { version: '1.39', show, roots });
}
