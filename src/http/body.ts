import type { IncomingMessage } from 'node:http';
import { bodyIncomplete, bodyTooLarge, serverFull } from '../errors.js';
import type { Holding, MemoryBudget } from './memory-budget.js';
import { onBroken } from './request-queue.js';

/**
 * In bytes. Bodies up to this size do not count in the budget: a claim succeeds while large bodies use the whole budget, and the small
 * bodies of all clients of a process need little memory.
 */
const SMALL_BYTES = 16 * 1024;

/** A body in memory. */
export interface Body {
  readonly bytes: Buffer;
  /** The caller releases it after the response, because the parsed body is in memory until then. Null for a small body. */
  readonly holding: Holding | null;
}

/**
 * Reads a whole body into memory.
 *
 * @param limit in bytes
 * @throws 413 when the body is larger, 400 when it ends early or is malformed, 503 when the budget has no room for it
 */
export function readBody(req: IncomingMessage, limit: number, budget: MemoryBudget): Promise<Body> {
  return new Promise((resolve, reject) => {
    if (req.destroyed) throw bodyIncomplete();
    if (Number(req.headers['content-length'] ?? 0) > limit) throw bodyTooLarge(limit);
    let bytes: Buffer = EMPTY;
    let length = 0;
    let holding: Holding | null = null;

    function settle(error: Error | null): void {
      req.off('data', onData).off('end', onEnd).off('aborted', onGone).off('error', onGone);
      if (error === null) {
        holding?.keep();
        resolve({ bytes: bytes.subarray(0, length), holding });
        return;
      }
      holding?.leave();
      bytes = EMPTY;
      // The service reads and drops the rest of the body, so that the client reads the response.
      req.on('error', () => undefined).resume();
      reject(error);
    }
    const onEnd = (): void => {
      settle(null);
    };
    const onGone = (): void => {
      settle(bodyIncomplete());
    };
    const onFull = (): void => {
      settle(serverFull('the bodies of other requests'));
    };
    const onData = (chunk: Buffer): void => {
      if (length + chunk.length > limit) {
        settle(bodyTooLarge(limit));
        return;
      }
      bytes = appended(bytes, length, chunk);
      length += chunk.length;
      if (length <= SMALL_BYTES) return;
      const isNew = holding === null;
      holding ??= budget.enter(onFull);
      holding.add(isNew ? length : chunk.length);
    };
    req.on('data', onData).on('end', onEnd).on('aborted', onGone).on('error', onGone);
    onBroken(req, settle);
  });
}

const EMPTY = Buffer.alloc(0);

/**
 * Writes a piece after the first `length` bytes, into one Buffer that grows. A list of the pieces would take more memory: each Buffer
 * takes some 380 bytes, and a client may send a body in pieces of one byte.
 */
function appended(bytes: Buffer, length: number, piece: Buffer): Buffer {
  if (length === 0) return piece;
  let result = bytes;
  if (length + piece.length > bytes.length) {
    result = Buffer.allocUnsafeSlow(Math.max(2 * bytes.length, length + piece.length));
    bytes.copy(result, 0, 0, length);
  }
  piece.copy(result, length);
  return result;
}
