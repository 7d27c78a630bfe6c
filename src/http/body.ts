import type { IncomingMessage } from 'node:http';
import { bodyIncomplete, bodyTooLarge, serverFull } from '../errors.js';
import type { Holding, Room } from './room.js';
import { onBroken } from './turns.js';

/** Bodies up to this size are read even when there is no room: a claim gets through while large bodies take all there is. */
const SMALL_BYTES = 16 * 1024;

/** A body in memory. */
export interface Body {
  readonly bytes: Buffer;
  /** To be left when the request has its response: what was made of the body is in memory until then. */
  readonly holding: Holding;
}

/**
 * Reads a body whole.
 *
 * @param limit in bytes
 * @throws 413 when it is larger, 400 when it ends early or cannot be understood, 503 when there is no room for it
 */
export function readBody(req: IncomingMessage, limit: number, room: Room): Promise<Body> {
  return new Promise((resolve, reject) => {
    if (req.destroyed) throw bodyIncomplete();
    if (Number(req.headers['content-length'] ?? 0) > limit) throw bodyTooLarge(limit);
    const chunks: Buffer[] = [];
    let length = 0;
    let isSettled = false;
    const holding = room.enter(
      () => {
        settle(serverFull('the bodies of other requests'));
      },
      () => length > SMALL_BYTES,
    );

    function settle(error: Error | null): void {
      isSettled = true;
      req.off('data', onData).off('end', onEnd).off('aborted', onGone).off('error', onGone);
      if (error === null) {
        holding.keep();
        resolve({ bytes: chunks.length === 1 ? (chunks[0] as Buffer) : Buffer.concat(chunks, length), holding });
        return;
      }
      holding.leave();
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
      else holding.add(chunk.length);
      if (!isSettled) chunks.push(chunk);
    };
    req.on('data', onData).on('end', onEnd).on('aborted', onGone).on('error', onGone);
    onBroken(req, settle);
  });
}
