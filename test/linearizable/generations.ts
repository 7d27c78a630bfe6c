/** That operations had ended with generations up to `generation`, from the event with the number `at` on. */
export interface Reached {
  readonly generation: number;
  readonly at: number;
  readonly client: string;
}

/** The generations of one key with which operations have ended, in the order of the events. */
export interface Generations {
  /** -1 before the first. */
  readonly newest: number;
  /** An operation of `client` ends with `generation` in the event with the number `at`. */
  reach(generation: number, at: number, client: string): void;
  /** What was newest when the event with the number `at` came; null before the first. */
  before(at: number): Reached | null;
  /** From when on a newer generation than `generation` was known to be there; null: none is. */
  passed(generation: number): Reached | null;
  /** What is older is forgotten, or was there before the history: only stale reads have it. */
  readonly oldest: number;
  /** No operation that began before the event with the number `at` is asked about from now on. */
  forget(at: number): void;
}

export function createGenerations(): Generations {
  // Ascending both by generation and by number of the event.
  let log: Reached[] = [];

  return {
    get newest() {
      return log.at(-1)?.generation ?? -1;
    },
    get oldest() {
      return log[0]?.generation ?? -1;
    },
    reach(generation, at, client) {
      if (generation > this.newest) log.push({ generation, at, client });
    },
    before: (at) => log[firstIndex(log, (one) => one.at >= at) - 1] ?? null,
    passed: (generation) => log[firstIndex(log, (one) => one.generation > generation)] ?? null,
    forget(at) {
      log = log.slice(Math.max(0, firstIndex(log, (one) => one.at >= at) - 1));
    },
  };
}

/** The first index of a list for which `is` holds, when it holds for all after it too; the length of the list if for none. */
export function firstIndex<T>(list: readonly T[], is: (one: T) => boolean): number {
  let [from, to] = [0, list.length];
  while (from < to) {
    const middle = (from + to) >>> 1;
    if (is(list[middle]!)) to = middle;
    else from = middle + 1;
  }
  return from;
}
