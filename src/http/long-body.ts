import type { ServerResponse } from 'node:http';
import type { Pace } from '../candidates/effort.js';
import { createStopwatch, type Slices, type Stopwatch } from '../rounds.js';
import { holdResponse } from './memory.js';
import type { Room } from './room.js';

/** A body that is made while it is sent, so that a large one is never in memory as a whole. */
export interface LongBody {
  /** JSON in pieces, ASCII only; undefined when others may have their turn first. */
  readonly pieces: Iterator<Buffer | undefined, void, void>;
  /** The pace of the pieces. */
  readonly watch: Stopwatch;
  /** Bytes of what the pieces are made of, which stay in memory until the last has been sent. */
  readonly held: number;
  readonly first: Chunk;
}

interface Chunk {
  readonly bytes: Buffer;
  /** Whether it is the last. */
  readonly isLast: boolean;
}

/** What is made at once and is not larger is sent like any other body: with its length, and in one write. */
const WHOLE_BYTES = 1024 * 1024;

/** Of one write. The socket has taken one before the next is made. */
const CHUNK_BYTES = 256 * 1024;

/**
 * A body out of pieces, of which those that fit in a slice are made at once: it belongs to the slice in which the caller is.
 *
 * @param makePieces is given the pace of the pieces
 */
export function longBody(makePieces: (pace: Pace) => LongBody['pieces'], held: number): LongBody | Buffer {
  const watch = createStopwatch();
  const pieces = makePieces(watch);
  const first = nextChunk(pieces, watch, WHOLE_BYTES);
  return first.isLast ? first.bytes : { pieces, watch, held, first };
}

/** Makes pieces until there are enough, or the slice is over. */
function nextChunk(pieces: LongBody['pieces'], watch: Stopwatch, enough: number): Chunk {
  const some: Buffer[] = [];
  let size = 0;
  let isLast = false;
  watch.begin();
  while (size <= enough) {
    const next = pieces.next();
    isLast = next.done === true;
    if (next.value === undefined) break;
    some.push(next.value);
    size += next.value.length;
  }
  watch.end();
  return { bytes: Buffer.concat(some, size), isLast };
}

/**
 * Sends a body whose first chunk is not all. Stops when the client has gone. Returns how many bytes were written.
 *
 * @throws 503 before anything is sent, when there is no room for what it holds
 */
export async function sendLong(
  res: ServerResponse,
  head: () => void,
  body: LongBody,
  room: Room,
  slices: Slices,
): Promise<number> {
  let takenAt = performance.now();
  holdResponse(room, res, body.held + body.first.bytes.length + CHUNK_BYTES, () => takenAt);
  head();
  let sent = 0;
  let chunk = body.first;
  for (;;) {
    if (hasGone(res)) {
      body.pieces.return?.();
      return sent;
    }
    sent += chunk.bytes.length;
    const isTaken = chunk.bytes.length === 0 || res.write(chunk.bytes);
    if (chunk.isLast) {
      res.end();
      return sent;
    }
    if (!isTaken) await drained(res);
    takenAt = performance.now();
    await slices.next();
    chunk = nextChunk(body.pieces, body.watch, CHUNK_BYTES);
  }
}

function hasGone(res: ServerResponse): boolean {
  return res.closed || res.destroyed || res.socket?.destroyed !== false;
}

/** A client that takes nothing is cut off in the end (memory.ts), which closes the response. */
function drained(res: ServerResponse): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      res.off('drain', done).off('close', done);
      resolve();
    };
    res.on('drain', done).on('close', done);
  });
}
