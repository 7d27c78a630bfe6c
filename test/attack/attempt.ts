/** A kind of hostile client. Each attempt is made on connections of its own. */
export interface Attempt {
  readonly name: string;
  /** How many clients make it at once when it is made alone. */
  readonly clients: number;
  /** How many of a thousand mixed clients make it. */
  readonly share: number;
  /** Makes the attempt once, and returns what happened in a word: a status, `closed`, `no response`. */
  make(target: Target): Promise<string>;
}

/**
 * Begins what is returned for a good request without a response. That is wrong when an attempt is made alone. Among thousands of clients it is
 * not: connections wait to be accepted, and a client that has not read its response for two seconds loses its connection when others need the memory.
 */
export const UNSERVED = 'unserved';

export interface Target {
  readonly url: string;
  readonly token: string;
  /** Counts up with each attempt of all clients. */
  readonly next: () => number;
  /** Aborted when the time is over: attempts that wait return then. */
  readonly over: AbortSignal;
  /** Where expensive searches find something, see world.ts. */
  readonly prefix: string;
}
