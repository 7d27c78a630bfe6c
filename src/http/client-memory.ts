import type { ServerResponse } from 'node:http';
import type { Logger } from 'pino';
import type { Config } from '../config.js';
import { serverFull } from '../errors.js';
import { createSmallestFirst, type SmallestFirst } from '../smallest-first.js';
import { createMemoryBudget, type MemoryBudget } from './memory-budget.js';

/** What this process holds in memory for its clients, each with a bound for all of them together. */
export interface ClientMemory {
  readonly limits: MemoryLimits;
  /** Bodies, until their response is made, and requests that wait for their turn. */
  readonly requests: MemoryBudget;
  /** Responses that clients have not taken yet. */
  readonly responses: MemoryBudget;
  /** Where large bodies are parsed: what is made of 10 MB may take 100 MB, and most bodies of that size are rejected then. */
  readonly parsing: SmallestFirst;
}

/** In bytes. */
export interface MemoryLimits {
  readonly requests: number;
  readonly responses: number;
}

/** There is always room for the largest single body. */
export function memoryLimits(config: Config): MemoryLimits {
  return {
    requests: Math.max(config.maxRequestBytesInMemory, config.maxRequestBody),
    responses: config.maxResponseBytesInMemory,
  };
}

/** One line in the log at most for each of these periods, in milliseconds. */
const LOG_EVERY_MS = 10_000;

export function createClientMemory(limits: MemoryLimits, log: Logger): ClientMemory {
  const full = (what: string, option: string): (() => void) => {
    let [loggedAt, rejected] = [-Infinity, 0];
    return () => {
      rejected++;
      if (performance.now() - loggedAt < LOG_EVERY_MS) return;
      log.warn({ what, option, rejected }, 'too many bytes in memory: requests are rejected with 503');
      [loggedAt, rejected] = [performance.now(), 0];
    };
  };
  return {
    limits,
    requests: createMemoryBudget(limits.requests, full('requests', 'max_request_bytes_in_memory')),
    responses: createMemoryBudget(limits.responses, full('responses', 'max_response_bytes_in_memory')),
    parsing: createSmallestFirst(),
  };
}

/** The kernel takes this much from a socket whose client reads, so most responses are never held. */
const HELD_FROM_BYTES = 16 * 1024;

/** A client that has not taken its response after this time may be cut off when the room is needed for others. */
const STALLED_MS = 2000;

/** A client that takes no byte of its response for this long is cut off in any case. */
const SEND_TIMEOUT_MS = 60_000;

/**
 * Accounts for the bytes of a response until the client has taken them, and for none when the client has gone already: the
 * 'close' that ends the holding would not come again.
 *
 * @param takenAt when the client took bytes last, of `performance.now()`; unless given, now
 * @throws 503 when there is no room for them
 */
export function holdResponse(budget: MemoryBudget, res: ServerResponse, bytes: number, takenAt?: () => number): void {
  if (bytes < HELD_FROM_BYTES || res.closed) return;
  const [now, isAlone] = [performance.now(), budget.used() === 0];
  const holding = budget.enter(
    () => res.destroy(),
    () => performance.now() - (takenAt?.() ?? now) > STALLED_MS,
  );
  // One that is larger than the bound gets through when it is the only one.
  if (!holding.add(bytes) && !isAlone) {
    holding.leave();
    throw serverFull('responses that other clients have not taken yet');
  }
  res.setTimeout(SEND_TIMEOUT_MS);
  res.once('close', () => {
    holding.leave();
  });
}
