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
