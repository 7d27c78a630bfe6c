import { setImmediate as breathe } from 'node:timers/promises';
import { SLICE_MS } from '../event-loop.js';
import type { Divided } from '../slices.js';

/**
 * Runs work for which every read waits. The event loop runs once after each 5 ms. The work does not wait for the slices of searches and
 * bodies, as other long work does (slices.ts).
 */
export async function inStretches<T>(work: Divided<T>): Promise<T> {
  for (let end = performance.now() + SLICE_MS; ;) {
    const next = work.next();
    if (next.done === true) return next.value;
    if (performance.now() < end) continue;
    await breathe();
    end = performance.now() + SLICE_MS;
  }
}
