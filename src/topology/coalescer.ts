/** One thing at a time. Callers that want the same thing share one run of it, if it has not begun when they come. */
export interface Coalescer<T> {
  /**
   * What the shared work returns when it is begun after this call. Work that is under way may have taken its snapshot before a
   * write that the caller has seen acknowledged, so a caller that comes meanwhile waits for the next, and none waits for more
   * than two. (Test: test/topology/catch-up.test.ts, "does not join a catch-up that has been sent".)
   */
  join(): Promise<T>;
  /** Runs a job while nothing else runs. Jobs go between two shared runs, so neither starves. */
  runExclusively<R>(job: () => Promise<R>): Promise<R>;
  /** Rejects the callers whose shared run has not begun. */
  reject(error: Error): void;
}

export function createCoalescer<T>(work: () => Promise<T>): Coalescer<T> {
  let busy = false;
  /** The callers whom the next shared run will serve. */
  let gathering: Batch<T> | null = null;
  const jobs: (() => Promise<void>)[] = [];

  function next(): void {
    if (busy) return;
    const job = jobs.shift() ?? takeBatch();
    if (job === null) return;
    busy = true;
    // `finally` comes after the readers of a batch were told, and they use the view at once: nothing changes it under them.
    void job().finally(() => {
      busy = false;
      next();
    });
  }

  function takeBatch(): (() => Promise<void>) | null {
    const batch = gathering;
    gathering = null;
    return batch === null ? null : () => work().then(batch.resolve, batch.reject);
  }

  return {
    join() {
      if (gathering === null) {
        gathering = newBatch();
        // Callers from the same turn of the event loop join as well.
        setImmediate(next);
      }
      return gathering.promise;
    },
    runExclusively: (job) =>
      new Promise((resolve, reject) => {
        jobs.push(() => job().then(resolve, reject));
        setImmediate(next);
      }),
    reject(error) {
      gathering?.reject(error);
      gathering = null;
    },
  };
}

interface Batch<T> {
  readonly promise: Promise<T>;
  readonly resolve: (value: T) => void;
  readonly reject: (error: unknown) => void;
}

function newBatch<T>(): Batch<T> {
  let resolve!: Batch<T>['resolve'];
  let reject!: Batch<T>['reject'];
  const promise = new Promise<T>((onValue, onError) => {
    [resolve, reject] = [onValue, onError];
  });
  return { promise, resolve, reject };
}
