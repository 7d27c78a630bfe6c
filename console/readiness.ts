import type { Readiness } from './documents.js';
import type { View } from './use-response.js';

/** A service that is not ready says why with status 503. */
export function readinessOf({ body, failure }: View<Readiness>): Readiness | null {
  if (failure?.status === 503) {
    return (failure.members['document'] as Readiness | undefined) ?? null;
  }
  return body;
}
