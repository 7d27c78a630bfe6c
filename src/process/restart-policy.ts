import { backOff } from '../back-off.js';

/** The slot is given up after so many workers in a row that end before they have served. */
const ATTEMPTS = 5;

const LONGEST_DELAY_MS = 10_000;

/** The longest pause after workers that have served. A request that ends each worker must not close the service for long. */
const LONGEST_DELAY_OF_SERVING_MS = 1000;

/** How a worker ended that the primary process had not told to end. */
export interface WorkerExit {
  /** The worker has sent a response, so its configuration and its database can be used. */
  readonly served: boolean;
  /** The worker was ready for so long that its start cannot be the cause of its end. */
  readonly steady: boolean;
}

/**
 * When a slot starts its next worker, and when it starts none any more. Exits count towards giving up only while no worker of the
 * slot has served: a worker that serves proves that the slot can be filled.
 */
export interface RestartPolicy {
  exited(exit: WorkerExit): void;
  /** A worker cannot start, and says that another attempt would not help. */
  giveUp(): void;
  /** Milliseconds to wait before the next worker; 0 for the first replacement. */
  delay(): number;
  isExhausted(): boolean;
}

export function createRestartPolicy(): RestartPolicy {
  let [unserved, quick] = [0, 0];
  return {
    exited({ served, steady }) {
      unserved = served || steady ? 0 : unserved + 1;
      quick = steady ? 0 : quick + 1;
    },
    giveUp() {
      unserved = ATTEMPTS;
      quick++;
    },
    delay() {
      if (quick < 2) return 0;
      const longest = unserved === 0 ? LONGEST_DELAY_OF_SERVING_MS : LONGEST_DELAY_MS;
      return backOff(quick, { first: 100, longest });
    },
    isExhausted: () => unserved >= ATTEMPTS,
  };
}
