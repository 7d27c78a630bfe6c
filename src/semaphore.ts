/** A semaphore with a bounded queue. It admits a few callers at a time, and the others wait in the order of arrival. */
export interface Semaphore {
  /**
   * Resolves when there is a place.
   *
   * @returns a function that releases the place; the caller calls it once
   * @throws the error of `reject` when too many callers wait
   */
  enter(): Promise<() => void>;
}

export interface SemaphoreOptions {
  readonly places: number;
  readonly mostWaiting: number;
  readonly reject: () => Error;
}

export function createSemaphore({ places, mostWaiting, reject }: SemaphoreOptions): Semaphore {
  let free = places;
  const waiting: (() => void)[] = [];

  function leave(): void {
    const next = waiting.shift();
    if (next === undefined) free++;
    else next();
  }

  return {
    async enter() {
      if (free > 0) free--;
      else {
        if (waiting.length >= mostWaiting) throw reject();
        await new Promise<void>((resolve) => waiting.push(resolve));
      }
      return leave;
    },
  };
}
