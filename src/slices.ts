import { setImmediate } from 'node:timers/promises';

/** What one stretch of work may take of the event loop: other requests, timers and health checks wait meanwhile. */
const STRETCH_MS = 8;

/**
 * Divides long work into stretches. Await it between pieces of work of at most a few milliseconds: it lets the event loop run
 * when the stretch is over, and costs a comparison otherwise.
 */
export type Pause = () => Promise<void> | undefined;

export function createPause(): Pause {
  let end = performance.now() + STRETCH_MS;
  return () => {
    if (performance.now() < end) return undefined;
    return setImmediate().then(() => {
      end = performance.now() + STRETCH_MS;
    });
  };
}
