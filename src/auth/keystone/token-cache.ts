import { hash } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import type { TokenData } from './token.js';
import type { Validate } from './validator.js';

/** How long a rejected token stays rejected without another request to Keystone. A client whose token reaches Keystone late waits this long. */
const REJECTED_MS = 10_000;
/**
 * The most valid tokens, and the most invalid ones, in the cache. They are counted separately, so that a client with invented tokens cannot
 * remove valid ones from the cache.
 */
const MAX_TOKENS = 20_000;
const MAX_REJECTED = 20_000;
/** Counts of the tokens that came since the start, by result. */
export interface TokenCounts {
  /** The result was in the cache, or a validation was in progress. */
  cached: number;
  /** Keystone returned that the token is valid. */
  validated: number;
  /** Keystone returned that the token is not valid. */
  rejected: number;
  /** Keystone could not validate the token. */
  failed: number;
}

interface TokenCacheOptions {
  /** With 0, valid tokens are not cached. */
  readonly cacheMs: number;
  readonly now?: () => number;
}

/**
 * The results of validations by the SHA-256 of the token, so that an attacker cannot read tokens in the memory of the process. Callers that
 * ask about a token while its validation is in progress share the result.
 *
 * The cache does not check whether a token has expired. Its callers check this at each use.
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
   * @param client the client of the request, because validations are shared fairly among clients
   * @returns the data of a token, null for an invalid one; a promise only when Keystone has to be asked
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
