import type { WorkerHandle } from './worker-handle.js';

/** Worker processes that have loaded the program and wait for their configuration, which is most of what a start takes. */
export interface Spares {
  readonly take: () => WorkerHandle;
  /** Ends the processes that were not taken. Resolves when they have ended. */
  close(): Promise<void>;
}

/** How many processes load the program at a time. They hold no connection to the database. */
const AHEAD = 4;

/** @param wanted how many will be taken; more can be, but are not started before they are */
export function createSpares(spawn: () => WorkerHandle, wanted: number, ahead = AHEAD): Spares {
  const waiting: WorkerHandle[] = [];
  let left = wanted;

  function refill(): void {
    while (waiting.length < Math.min(ahead, left)) waiting.push(spawn());
  }
  refill();
  return {
    take() {
      left--;
      const spare = waiting.shift() ?? spawn();
      refill();
      return spare;
    },
    async close() {
      left = 0;
      const unused = waiting.splice(0);
      for (const worker of unused) worker.hurry();
      await Promise.all(unused.map(({ gone }) => gone));
    },
  };
}
