import { Refusal } from '../identity.js';

/** Nobody can say whether a token is good. */
export class KeystoneUnavailable extends Error {
  readonly retryAfterMs: number;

  constructor(message: string, retryAfterMs: number) {
    super(message);
    this.retryAfterMs = retryAfterMs;
  }

  refusal(): Refusal {
    const document = {
      message: 'The Keystone service is temporarily unavailable. Please try again.',
      code: '503 Service Unavailable',
      title: 'Service Unavailable',
    };
    return new Refusal(503, document, { 'retry-after': String(Math.max(1, Math.ceil(this.retryAfterMs / 1000))) });
  }
}

export interface CircuitOptions {
  readonly now?: () => number;
  readonly firstPauseMs?: number;
  readonly longestPauseMs?: number;
}

/** Failures in a row that open the circuit. */
const THRESHOLD = 3;

/**
 * Spares a Keystone that is down, and those who wait for it: after a failure nobody asks for a moment, then one asks for
 * all, and the moments double as long as that fails. One strange token that Keystone cannot digest must not lock everybody
 * out, so an answer that is merely wrong counts less than none at all.
 */
export class Circuit {
  readonly #now: () => number;
  readonly #firstPauseMs: number;
  readonly #longestPauseMs: number;
  #failures = 0;
  #pauseMs = 0;
  #quietUntil = 0;
  #probing = false;

  constructor({ now = () => performance.now(), firstPauseMs = 500, longestPauseMs = 10_000 }: CircuitOptions = {}) {
    this.#now = now;
    this.#firstPauseMs = firstPauseMs;
    this.#longestPauseMs = longestPauseMs;
  }

  /** Runs a conversation with Keystone, or does not. @throws KeystoneUnavailable at once while the circuit is open */
  async run<Result>(conversation: () => Promise<Result>, isSevere: (error: unknown) => boolean): Promise<Result> {
    const remaining = this.#quietUntil - this.#now();
    if (remaining > 0) throw new KeystoneUnavailable('it has just failed', remaining);
    const probe = this.#failures >= THRESHOLD;
    if (probe && this.#probing) throw new KeystoneUnavailable('it is being tried again', this.#pauseMs);
    this.#probing = probe;
    try {
      const result = await conversation();
      this.#failures = 0;
      this.#pauseMs = 0;
      this.#quietUntil = 0;
      return result;
    } catch (error) {
      this.#failures += isSevere(error) ? THRESHOLD : 1;
      if (this.#failures >= THRESHOLD) this.#open();
      throw new KeystoneUnavailable((error as Error).message, Math.max(this.#quietUntil - this.#now(), 0));
    } finally {
      if (probe) this.#probing = false;
    }
  }

  /** Conversations that were under way together fail together: only the first of them lengthens the pause. */
  #open(): void {
    if (this.#quietUntil > this.#now()) return;
    this.#pauseMs = this.#pauseMs === 0 ? this.#firstPauseMs : Math.min(this.#pauseMs * 2, this.#longestPauseMs);
    this.#quietUntil = this.#now() + this.#pauseMs;
  }
}
