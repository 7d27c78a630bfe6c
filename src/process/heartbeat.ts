import type { Logger } from 'pino';
import type { WorkerHandle } from './worker-handle.js';

/**
 * Asks workers whether their event loops run. A worker that has not responded for `patience` milliseconds serves nothing
 * and holds the connections it has: it is killed, and another takes its place.
 *
 * @returns whether there is a worker that responds; also true while there is none, because its replacement is under way
 */
export function createHeartbeat(
  log: Logger,
): (workers: readonly Pick<WorkerHandle, 'pid' | 'ask' | 'kill'>[], patience: number) => Promise<boolean> {
  const lastResponses = new WeakMap<object, number>();
  return async (workers, patience) => {
    const responses = await Promise.all(
      workers.map(async (worker) => {
        const before = lastResponses.get(worker) ?? performance.now();
        lastResponses.set(worker, before);
        if ((await worker.ask('alive')) === true) {
          lastResponses.set(worker, performance.now());
          return true;
        }
        const silence = performance.now() - before;
        if (silence > patience) {
          log.error(
            { pid: worker.pid, seconds: Math.round(silence / 1000) },
            'a worker does not respond; it is killed',
          );
          worker.kill();
        }
        return false;
      }),
    );
    return responses.length === 0 || responses.includes(true);
  };
}
