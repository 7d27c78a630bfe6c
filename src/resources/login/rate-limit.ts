import { LRUCache } from 'lru-cache';

const PERIOD_MS = 60_000;

/** The most names, or addresses, whose attempts are counted. An attacker who uses more names reaches the limit for addresses, and vice versa. */
const MOST_KEYS = 10_000;

/** Counts the attempts of each key during the last minute. */
export interface LoginRateLimit {
  /** Counts one attempt and returns null. When there were too many, counts nothing and returns the seconds to wait. */
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
