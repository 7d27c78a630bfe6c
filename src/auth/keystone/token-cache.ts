import { hash } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import type { TokenData } from './token.js';
import type { Validate } from './validator.js';

/** How long a rejected token stays rejected without another request to Keystone. A client whose token reaches Keystone late waits this long. */
const REJECTED_MS = 10_000;
/**
 * The most valid tokens, and the most invalid ones, in the cache. They are counted apart, so that a client with invented
 * tokens cannot push out valid ones.
 */
const MAX_TOKENS = 20_000;
const MAX_REJECTED = 20_000;
/** Counts of the tokens that came since the start, by result. */
export interface TokenCounts {
  /** Already in the cache, or a validation is under way. */
  cached: number;
  /** Keystone says that it is good. */
  validated: number;
  /** Keystone says that it is not. */
  rejected: number;
  /** It is unknown. */
  failed: number;
}

interface TokenCacheOptions {
  /** 0: valid tokens are not cached. */
  readonly cacheMs: number;
  readonly now?: () => number;
}

/**
 * What Keystone said of tokens, by the SHA-256 of each: the memory of the process holds no token to steal. Callers that ask
 * about one token while its validation is under way share the result.
 *
 * The cache does not check expiry: each user of the data does, every time.
 */
export class TokenCache {
  readonly counts: TokenCounts = { cached: 0, validated: 0, rejected: 0, failed: 0 };
  readonly #validate: Validate;
  readonly #remembers: boolean;
  readonly #known: LRUCache<string, TokenData>;
  readonly #rejected: LRUCache<string, true>;
  readonly #waiting = new Map<string, Promise<TokenData | null>>();

  constructor(validate: Validate, { cacheMs, now = () => performance.now() }: TokenCacheOptions) {
    this.#validate = validate;
    this.#remembers = cacheMs > 0;
    const shared = { ttlResolution: 0, perf: { now } };
    this.#known = new LRUCache({ max: MAX_TOKENS, ttl: Math.max(1, cacheMs), ...shared });
    this.#rejected = new LRUCache({ max: MAX_REJECTED, ttl: Math.min(REJECTED_MS, Math.max(1, cacheMs)), ...shared });
  }

  /**
   * @param client of the request: validations are shared out among clients
   * @returns the data of a token, null for a bad one; a promise only when Keystone has to be asked
   */
  get(token: string, allowExpired: boolean, client = ''): TokenData | null | Promise<TokenData | null> {
    // Keystone rejects an expired token unless the request allows expired ones, so the cache keeps the two results apart.
    const key = allowExpired ? `${hash('sha256', token, 'base64')}+expired` : hash('sha256', token, 'base64');
    const found = this.#known.get(key) ?? (this.#rejected.has(key) ? null : this.#waiting.get(key));
    if (found === undefined) return this.#ask(key, token, allowExpired, client);
    this.counts.cached++;
    return found;
  }

  #ask(key: string, token: string, allowExpired: boolean, client: string): Promise<TokenData | null> {
    const response = this.#validate(token, allowExpired, client)
      .then((data) => {
        this.counts[data === null ? 'rejected' : 'validated']++;
        if (!this.#remembers) return data;
        if (data === null) this.#rejected.set(key, true);
        else this.#known.set(key, data);
        return data;
      })
      .catch((error: unknown) => {
        this.counts.failed++;
        throw error;
      })
      .finally(() => this.#waiting.delete(key));
    this.#waiting.set(key, response);
    return response;
  }
}
