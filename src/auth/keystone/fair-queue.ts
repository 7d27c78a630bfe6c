/** The most conversations with Keystone at a time. The HTTP client has as many connections. */
const AT_A_TIME = 32;

/** The most conversations that wait, of all clients together. */
const MAX_WAITING = 1000;

/** The queue is full, and this client has the most conversations in it. */
export class QueueFull extends Error {}

interface Waiting {
  readonly start: () => void;
  readonly reject: (error: QueueFull) => void;
}

/**
 * Shares conversations fairly among clients: it takes one of each client in turn, so a client that sends thousands of tokens delays only
 * itself. When the queue is full, it rejects the newest conversation of the client that has most in it.
 */
export class FairQueue {
  readonly #waiting = new Map<string, Waiting[]>();
  #active = 0;
  #count = 0;

  /** @throws QueueFull */
  async run<Result>(client: string, conversation: () => Promise<Result>): Promise<Result> {
    if (this.#active >= AT_A_TIME) await this.#turn(client);
    else this.#active++;
    try {
      return await conversation();
    } finally {
      this.#startNext();
    }
  }

  #turn(client: string): Promise<void> {
    return new Promise((start, reject) => {
      const own = this.#waiting.get(client) ?? [];
      own.push({ start, reject });
      this.#waiting.set(client, own);
      if (++this.#count > MAX_WAITING) this.#rejectOne();
    });
  }

  #rejectOne(): void {
    const [client, longest] = [...this.#waiting].reduce((a, b) => (b[1].length > a[1].length ? b : a));
    longest.pop()?.reject(new QueueFull());
    this.#count--;
    if (longest.length === 0) this.#waiting.delete(client);
  }

  /** The conversation that has ended gives its place to the client that has waited longest for a turn. */
  #startNext(): void {
    const [first] = this.#waiting;
    if (first === undefined) {
      this.#active--;
      return;
    }
    const [client, own] = first;
    // A client with more conversations goes to the end of the queue.
    this.#waiting.delete(client);
    const next = own.shift();
    if (own.length > 0) this.#waiting.set(client, own);
    this.#count--;
    next?.start();
  }
}
