import { hash } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import { KeystoneUnavailable } from './circuit.js';
import type { TokenData } from './token.js';
import type { Validate } from './validator.js';

/** Nobody is asked again about a bad token for so long: the wait of a client whose token reaches Keystone late. */
const REFUSED_MS = 10_000;
/** Good tokens, and bad ones, that are remembered. Apart: whoever makes tokens up cannot push good ones out. */
const MAX_TOKENS = 20_000;
const MAX_REFUSED = 20_000;
/** Different tokens that are waited for at once; who comes on top is sent away rather than queued. */
const MAX_WAITING = 1000;

interface TokenCacheOptions {
  /** 0: nothing is remembered. */
  readonly cacheMs: number;
  readonly now?: () => number;
}

/**
 * What Keystone said of tokens, under the SHA-256 of each: the memory of the process holds no token to steal. Everybody who
 * asks about a token while it is being validated gets the one answer.
 *
 * Expiry is not looked at here: whoever uses the data does, every time.
 */
export class TokenCache {
  readonly #validate: Validate;
  readonly #remembers: boolean;
  readonly #known: LRUCache<string, TokenData>;
  readonly #refused: LRUCache<string, true>;
  readonly #waiting = new Map<string, Promise<TokenData | null>>();

  constructor(validate: Validate, { cacheMs, now = () => performance.now() }: TokenCacheOptions) {
    this.#validate = validate;
    this.#remembers = cacheMs > 0;
    const shared = { ttlResolution: 0, perf: { now } };
    this.#known = new LRUCache({ max: MAX_TOKENS, ttl: Math.max(1, cacheMs), ...shared });
    this.#refused = new LRUCache({ max: MAX_REFUSED, ttl: Math.min(REFUSED_MS, Math.max(1, cacheMs)), ...shared });
  }

  /** The data of a token, null for a bad one; a promise only when Keystone has to be asked. */
  get(token: string, allowExpired: boolean): TokenData | null | Promise<TokenData | null> {
    // Keystone says no to an expired token unless it is asked to overlook that: these are two questions.
    const key = allowExpired ? `${hash('sha256', token, 'base64')}+expired` : hash('sha256', token, 'base64');
    const known = this.#known.get(key);
    if (known !== undefined) return known;
    if (this.#refused.has(key)) return null;
    return this.#waiting.get(key) ?? this.#ask(key, token, allowExpired);
  }

  #ask(key: string, token: string, allowExpired: boolean): Promise<TokenData | null> {
    if (this.#waiting.size >= MAX_WAITING) {
      return Promise.reject(new KeystoneUnavailable('too many tokens wait to be validated', 1000));
    }
    const answer = this.#validate(token, allowExpired)
      .then((data) => {
        if (!this.#remembers) return data;
        if (data === null) this.#refused.set(key, true);
        else this.#known.set(key, data);
        return data;
      })
      .finally(() => this.#waiting.delete(key));
    this.#waiting.set(key, answer);
    return answer;
  }
}
