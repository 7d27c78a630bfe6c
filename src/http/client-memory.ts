import type { ServerResponse } from 'node:http';
import type { Logger } from 'pino';
import type { Config } from '../config.js';
import { serverFull } from '../errors.js';
import { createSmallestFirst, type SmallestFirst } from '../smallest-first.js';
import { createMemoryBudget, type MemoryBudget } from './memory-budget.js';

/** The memory that this process holds for its clients. Each kind has one budget for all clients together. */
export interface ClientMemory {
  readonly limits: MemoryLimits;
  /** Bodies of requests until the response is sent, and requests that wait for an earlier request of their connection. */
  readonly requests: MemoryBudget;
  /** Responses that clients have not taken yet. */
  readonly responses: MemoryBudget;
  /** Parses large bodies one at a time: the values of a body of 10 MB may take 100 MB, and the service rejects most such bodies. */
  readonly parsing: SmallestFirst;
}

/** In bytes. */
export interface MemoryLimits {
  readonly requests: number;
  readonly responses: number;
}

/** Returns the limits. The limit for requests always has room for the largest single body. */
export function memoryLimits(config: Config): MemoryLimits {
  return {
    requests: Math.max(config.maxRequestBytesInMemory, config.maxRequestBody),
    responses: config.maxResponseBytesInMemory,
  };
}

/** In milliseconds. The log gets at most one line in each such period. */
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

/** In bytes. Smaller responses do not count, because the kernel buffers them for a client that reads. Most responses are smaller. */
const HELD_FROM_BYTES = 16 * 1024;

/** A client that has not read its response after this time may lose its connection when others need the memory. */
const STALLED_MS = 2000;

/** A client that reads no byte of its response for this long loses its connection in any case. */
export const SEND_TIMEOUT_MS = 60_000;

/**
 * Accounts for the bytes of a response until the client has taken them. Does nothing when the connection is closed already, because
 * Node.js would not emit the 'close' that ends the holding again.
 *
 * @param takenAt returns when the client last took bytes, as a time of `performance.now()`; by default the time of this call
 * @throws 503 when the budget has no room for the bytes
 */
export function holdResponse(budget: MemoryBudget, res: ServerResponse, bytes: number, takenAt?: () => number): void {
  if (bytes < HELD_FROM_BYTES || res.closed) return;
  const [now, isAlone] = [performance.now(), budget.used() === 0];
  const holding = budget.enter(
    () => res.destroy(),
    () => performance.now() - (takenAt?.() ?? now) > STALLED_MS,
  );
  // A response that is larger than the budget is sent when no other response is held.
  if (!holding.add(bytes) && !isAlone) {
    holding.leave();
    throw serverFull('responses that other clients have not taken yet');
  }
  res.setTimeout(SEND_TIMEOUT_MS);
  res.once('close', () => {
    holding.leave();
  });
}
