import { violatedConstraint } from '../db/failures.js';
import { allocationsChanged } from '../errors.js';

/** The most attempts of a write that conflicts with a rival: it created the same consumer, or changed rows without our locks. */
const ATTEMPTS = 10;

/**
 * Two claims for a consumer that does not exist yet have nothing to lock; the second violates the unique uuid, and when it
 * starts over it finds the consumer. Other violated constraints mean that something changed without taking our locks:
 * hand-typed SQL.
 */
export async function retryConflicts<T>(write: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await write();
    } catch (error) {
      if (violatedConstraint(error) === undefined) throw error;
      if (attempt === ATTEMPTS) throw allocationsChanged();
    }
  }
}
