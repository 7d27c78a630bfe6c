/** Runs one job at a time. Callers share one run of the work if it has not begun when they call. */
export interface Coalescer<T> {
  /**
   * Returns the result of a shared run that begins after this call. A run in progress may have taken its snapshot before a write that
   * was acknowledged to the caller. So a caller that comes during a run waits for the next run, and each caller waits for at most two
   * runs. (Test: test/topology/catch-up.test.ts, "does not join a catch-up that has been sent".)
   */
  join(): Promise<T>;
  /** Runs a job while nothing else runs. A job runs between two shared runs, so that neither jobs nor shared runs starve. */
  runExclusively<R>(job: () => Promise<R>): Promise<R>;
  /** Rejects the callers whose shared run has not begun. */
  reject(error: Error): void;
}

export function createCoalescer<T>(work: () => Promise<T>): Coalescer<T> {
  let busy = false;
  /** The callers that the next shared run serves. */
  let gathering: Batch<T> | null = null;
  const jobs: (() => Promise<void>)[] = [];

  function next(): void {
    if (busy) return;
    const job = jobs.shift() ?? takeBatch();
    if (job === null) return;
    busy = true;
    // `finally` runs after the readers of a batch have got the view and used it, so nothing changes the view while they use it.
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
        // `setImmediate` lets further callers of the same turn of the event loop join.
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
