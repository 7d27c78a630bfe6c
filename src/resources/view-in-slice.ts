import type { Slices } from '../event-loop.js';
import type { View } from '../topology/model.js';
import type { TopologyReader } from '../topology/catch-up.js';

/**
 * Calls `work` with the view when a slice may begin, because the work may take some milliseconds. A catch-up returns the view to all waiting
 * requests at the same moment. A request that has to wait for its slice uses the view of that later moment, which has seen at least as
 * much. If changes are being applied to the view then, the request waits for the next catch-up.
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
  // There must be no await before this line: the slice begins now, and the view may change during an await.
  return work(view);
}
