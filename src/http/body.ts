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
    const gathered = createGathered();
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
        resolve({ bytes: gathered.take(), holding });
        return;
      }
      holding.leave();
      gathered.take();
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
      if (!isSettled) gathered.add(chunk);
    };
    req.on('data', onData).on('end', onEnd).on('aborted', onGone).on('error', onGone);
    onBroken(req, settle);
  });
}

/**
 * Bytes that come in pieces, in one Buffer that grows. Not a list of the pieces: a Buffer takes some 380 bytes, and a client may
 * send a body in pieces of one byte.
 */
const EMPTY = Buffer.alloc(0);

function createGathered() {
  let bytes: Buffer = EMPTY;
  let length = 0;
  return {
    add(piece: Buffer): void {
      if (length === 0) {
        [bytes, length] = [piece, piece.length];
        return;
      }
      if (length + piece.length > bytes.length) {
        const larger = Buffer.allocUnsafeSlow(Math.max(2 * bytes.length, length + piece.length));
        bytes.copy(larger, 0, 0, length);
        bytes = larger;
      }
      piece.copy(bytes, length);
      length += piece.length;
    },
    /** All of it, and then nothing is kept. */
    take(): Buffer {
      const all = bytes.subarray(0, length);
      [bytes, length] = [EMPTY, 0];
      return all;
    },
  };
}
