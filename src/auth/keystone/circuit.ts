import { backOff, type BackOff } from '../../back-off.js';
import { Rejection } from '../identity.js';

/** Keystone cannot validate a token at the moment. */
export class KeystoneUnavailable extends Error {
  readonly retryAfterMs: number;

  constructor(message: string, retryAfterMs: number) {
    super(message);
    this.retryAfterMs = retryAfterMs;
  }

  rejection(): Rejection {
    const document = {
      message: 'The Keystone service is temporarily unavailable. Please try again.',
      code: '503 Service Unavailable',
      title: 'Service Unavailable',
    };
    return new Rejection(503, document, { 'retry-after': String(Math.max(1, Math.ceil(this.retryAfterMs / 1000))) });
  }
}

export interface CircuitOptions {
  readonly now?: () => number;
  readonly firstPauseMs?: number;
  readonly longestPauseMs?: number;
}

/** The number of the last responses that count. */
const RECENT = 20;

/** The circuit opens when at least so many clients got no usable response, and at least half of the last responses were unusable. */
const CLIENTS = 3;

/** How a request ended: with a usable response, or with an unusable one (500, no token document). */
interface Outcome {
  readonly client: string;
  readonly isWrong: boolean;
}

/**
 * A circuit breaker for Keystone. After a failure it sends no request for a while, and then a single one. The pause doubles each time that
 * this request fails.
 *
 * A failed connection opens the circuit at once. An unusable response does not, because the token may be its cause, and a client can send
 * any number of such tokens. The circuit opens only when tokens of several clients get unusable responses, and half of all responses are
 * unusable.
 */
export class Circuit {
  readonly #now: () => number;
  readonly #pauses: BackOff;
  readonly #recent: Outcome[] = [];
  #isOpen = false;
  #pauseMs = 0;
  #openings = 0;
  #quietUntil = 0;
  #probing = false;

  constructor({ now = () => performance.now(), firstPauseMs = 500, longestPauseMs = 10_000 }: CircuitOptions = {}) {
    this.#now = now;
    this.#pauses = { first: firstPauseMs, longest: longestPauseMs };
  }

  /**
   * Runs a conversation with Keystone, unless the circuit is open.
   *
   * @param client the client that sent the token
   * @throws KeystoneUnavailable at once while the circuit is open
   */
  async run<Result>(
    client: string,
    conversation: () => Promise<Result>,
    isSevere: (error: unknown) => boolean,
  ): Promise<Result> {
    const remaining = this.#quietUntil - this.#now();
    if (remaining > 0) throw new KeystoneUnavailable('it has just failed', remaining);
    const probe = this.#isOpen;
    if (probe && this.#probing) throw new KeystoneUnavailable('it is being tried again', this.#pauseMs);
    this.#probing = probe;
    try {
      const result = await conversation();
      this.#note({ client, isWrong: false });
      this.#isOpen = false;
      this.#pauseMs = 0;
      this.#openings = 0;
      this.#quietUntil = 0;
      return result;
    } catch (error) {
      this.#note({ client, isWrong: true });
      if (isSevere(error) || probe || this.#isMostlyWrong()) this.#open();
      throw new KeystoneUnavailable((error as Error).message, Math.max(this.#quietUntil - this.#now(), 0));
    } finally {
      if (probe) this.#probing = false;
    }
  }

  #note(outcome: Outcome): void {
    this.#recent.push(outcome);
    if (this.#recent.length > RECENT) this.#recent.shift();
  }

  #isMostlyWrong(): boolean {
    const wrong = this.#recent.filter(({ isWrong }) => isWrong);
    const clients = new Set(wrong.map(({ client }) => client));
    return clients.size >= CLIENTS && wrong.length * 2 >= this.#recent.length;
  }

  /** Conversations that run at the same time fail together: only the first failure lengthens the pause. */
  #open(): void {
    this.#isOpen = true;
    if (this.#quietUntil > this.#now()) return;
    this.#pauseMs = backOff(++this.#openings, this.#pauses);
    this.#quietUntil = this.#now() + this.#pauseMs;
  }
}
