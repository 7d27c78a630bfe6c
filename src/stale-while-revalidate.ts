/** The last value. */
export interface AgedValue<T> {
  readonly value: T;
  /** Seconds since the computation of the value began. */
  readonly age: number;
}

export interface StaleWhileRevalidateOptions<T> {
  readonly make: () => Promise<T>;
  /** A reader begins to make a new value when the last one is so old. */
  readonly oldMs: number;
  /** A reader waits at most this long for a new value. */
  readonly patienceMs: number;
  /** Called when a computation fails. The former value stays, and gets older. */
  readonly onFailure: (error: unknown) => void;
  /** Returns the time in milliseconds; `performance.now` unless given. */
  readonly now?: (() => number) | undefined;
}

/** In milliseconds, until the next attempt after a failure. It is short, because a database is usually unavailable only for seconds. */
const AFTER_FAILURE_MS = 5000;

/**
 * Caches a value that takes long to compute. A reader that finds it old starts a new computation. It gets the new value if
 * that is ready soon, else the last one; null before the first.
 */
export function createStaleWhileRevalidate<T>(
  options: StaleWhileRevalidateOptions<T>,
): () => Promise<AgedValue<T> | null> {
  const { make, oldMs, patienceMs, onFailure, now = () => performance.now() } = options;
  let last: { readonly value: T; readonly at: number } | null = null;
  let nextAt = -Infinity;
  let making: Promise<void> | null = null;

  async function begin(): Promise<void> {
    const at = now();
    nextAt = at + oldMs;
    try {
      last = { value: await make(), at };
    } catch (error) {
      nextAt = at + Math.min(oldMs, AFTER_FAILURE_MS);
      onFailure(error);
    }
  }

  return async () => {
    if (making === null && now() >= nextAt) making = begin().finally(() => (making = null));
    if (making !== null) await orAfter(patienceMs, making);
    return last === null ? null : { value: last.value, age: (now() - last.at) / 1000 };
  };
}

async function orAfter(milliseconds: number, work: Promise<void>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<void>((resolve) => (timer = setTimeout(resolve, milliseconds)));
  await Promise.race([work, late]);
  clearTimeout(timer);
}
