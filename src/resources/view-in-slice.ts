import type { Slices } from '../event-loop.js';
import type { View } from '../topology/model.js';
import type { TopologyReader } from '../topology/catch-up.js';

/**
 * Gives the view to work that may take some milliseconds, when a slice for it may begin. A catch-up gives the view to all who
 * wait for it at the same moment; those who have to wait for their slice take what it has become then. That has seen at least
 * as much, and it is whole, or there is none and the next catch-up is waited for.
 */
export async function withViewInSlice<T>(
  topology: Pick<TopologyReader, 'current' | 'whole'>,
  slices: Slices,
  work: (view: View) => T | Promise<T>,
): Promise<T> {
  let view = await topology.current();
  if (!slices.isFree()) {
    await slices.first();
    view = topology.whole() ?? (await topology.current());
  }
  // There must be no await here: the slice is now, and the view may change after an await.
  return work(view);
}
