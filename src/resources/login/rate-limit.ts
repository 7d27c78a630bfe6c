import { LRUCache } from 'lru-cache';

const PERIOD_MS = 60_000;

/** Of so many names and addresses the attempts are known; an attacker who uses more of one kind meets the bound of the other. */
const MOST_KEYS = 10_000;

/** Counts attempts by a key, in each period that ends now. */
export interface LoginRateLimit {
  /** Counts one. Returns how many seconds to wait instead, when there were too many. */
  take(key: string): number | null;
}

/** @param now in milliseconds */
export function createLoginRateLimit(most: number, now: () => number = () => performance.now()): LoginRateLimit {
  const attempts = new LRUCache<string, readonly number[]>({ max: MOST_KEYS });
  return {
    take(key) {
      const at = now();
      const recent = (attempts.get(key) ?? []).filter((one) => at - one < PERIOD_MS);
      const [first] = recent;
      if (first !== undefined && recent.length >= most) return Math.ceil((first + PERIOD_MS - at) / 1000);
      attempts.set(key, [...recent, at]);
      return null;
    },
  };
}
