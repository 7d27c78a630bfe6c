/** So many workers in a row that end before they have served: then there is no hope for the place. */
const CHANCES = 5;

const LONGEST_PAUSE_MS = 10_000;

/** After workers that have served: a request that ends each of them must not close the service for long. */
const LONGEST_PAUSE_OF_SERVING_MS = 1000;

/** How a worker ended that was not told to end. */
export interface WorkerEnd {
  /** It has sent a response, so its configuration and its database can be used. */
  readonly served: boolean;
  /** It was ready for long enough: it did not die of its start. */
  readonly steady: boolean;
}

/**
 * What the deaths of a place's workers come to. Deaths count towards giving up only while no worker of the place has
 * served: a worker that serves proves that the place can be filled.
 */
export interface Chances {
  ended(end: WorkerEnd): void;
  /** A worker cannot start, and says that another attempt would not help. */
  forfeit(): void;
  /** Milliseconds to wait before the next worker; 0 for the first replacement. */
  pause(): number;
  areUsedUp(): boolean;
}

export function createChances(): Chances {
  let [unserved, quick] = [0, 0];
  return {
    ended({ served, steady }) {
      unserved = served || steady ? 0 : unserved + 1;
      quick = steady ? 0 : quick + 1;
    },
    forfeit() {
      unserved = CHANCES;
      quick++;
    },
    pause() {
      if (quick < 2) return 0;
      const longest = unserved === 0 ? LONGEST_PAUSE_OF_SERVING_MS : LONGEST_PAUSE_MS;
      return Math.min(100 * 2 ** (quick - 1), longest);
    },
    areUsedUp: () => unserved >= CHANCES,
  };
}
