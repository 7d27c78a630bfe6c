import type { IncomingMessage } from 'node:http';
import { bodyIncomplete, bodyTooLarge } from '../errors.js';
import { onBroken } from './turns.js';

/**
 * Reads a body whole.
 *
 * @param limit in bytes
 * @throws 413 when it is larger, 400 when it ends early or cannot be understood
 */
export function readBody(req: IncomingMessage, limit: number): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    if (Number(req.headers['content-length'] ?? 0) > limit) throw bodyTooLarge(limit);
    const chunks: Buffer[] = [];
    let length = 0;

    function settle(error: Error | null): void {
      req.off('data', onData).off('end', onEnd).off('aborted', onGone).off('error', onGone);
      if (error === null) {
        resolve(chunks.length === 1 ? (chunks[0] as Buffer) : Buffer.concat(chunks, length));
        return;
      }
      chunks.length = 0;
      // What still comes is read and dropped, so that the client reads the response.
      req.on('error', () => undefined).resume();
      reject(error);
    }
    const onEnd = (): void => {
      settle(null);
    };
    const onGone = (): void => {
      settle(bodyIncomplete());
    };
    const onData = (chunk: Buffer): void => {
      length += chunk.length;
      if (length > limit) settle(bodyTooLarge(limit));
      else chunks.push(chunk);
    };
    if (req.destroyed) throw bodyIncomplete();
    req.on('data', onData).on('end', onEnd).on('aborted', onGone).on('error', onGone);
    onBroken(req, settle);
  });
}
