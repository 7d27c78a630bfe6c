import type { ServerResponse } from 'node:http';
import type { Pace } from '../candidates/effort.js';
import { createStopwatch, type Slices, type Stopwatch } from '../event-loop.js';
import { createByteWriter } from './byte-writer.js';
import { holdResponse } from './client-memory.js';
import type { MemoryBudget } from './memory-budget.js';

/** A body that is rendered while it is sent, so that a large one is never in memory as a whole. */
export interface LongBody {
  /** JSON in pieces, ASCII only; undefined at a point where the renderer may yield. */
  readonly pieces: Iterator<Buffer | undefined, void, void>;
  /** The pace of the pieces. */
  readonly watch: Stopwatch;
  /** The bytes of the data from which the pieces are rendered. The data stays in memory until the last piece was sent. */
  readonly held: number;
  readonly first: Chunk;
}

interface Chunk {
  readonly buffers: readonly Buffer[];
  /** Of all buffers together, in bytes. */
  readonly size: number;
  /** Whether it is the last. */
  readonly isLast: boolean;
}

/** In bytes. A body that is rendered at once and has at most this size is sent with `content-length`, in one write. */
export const WHOLE_BYTES = 1024 * 1024;

/** The size of one write, in bytes. The next chunk is rendered after the socket has accepted this one. */
const CHUNK_BYTES = 256 * 1024;

/**
 * Makes a body from pieces. Renders at once as many pieces as fit in the caller's slice.
 *
 * @param makePieces gets the pace of the pieces
 */
export function longBody(makePieces: (pace: Pace) => LongBody['pieces'], held: number): LongBody | readonly Buffer[] {
  const watch = createStopwatch();
  const pieces = makePieces(watch);
  const first = nextChunk(pieces, watch, WHOLE_BYTES);
  return first.isLast ? first.buffers : { pieces, watch, held, first };
}

/** Divides a body that is already rendered into pieces. @param body ASCII only */
export function dividedBody(body: string): LongBody {
  function* pieces(): Generator<Buffer, void, void> {
    for (let start = 0; start < body.length; start += CHUNK_BYTES) {
      yield Buffer.from(body.slice(start, start + CHUNK_BYTES), 'latin1');
    }
  }
  const watch = createStopwatch();
  const rest = pieces();
  return { pieces: rest, watch, held: body.length, first: nextChunk(rest, watch, 0) };
}

/**
 * Makes a body: the text `before`, then the items of a list with `between` between them, then the text `after`. When there are many
 * items, they are rendered while the body is sent.
 *
 * @param render returns one item as JSON in ASCII
 * @param work the work for one item, in the units of candidates/effort.ts
 */
export function listBody<T>(
  [before, between, after]: readonly [string, string, string],
  items: readonly T[],
  render: (item: T, index: number) => string | Buffer,
  work: number,
): LongBody | readonly Buffer[] {
  function* pieces(pace: Pace): Generator<Buffer | undefined, void, void> {
    const out = createByteWriter();
    out.add(before);
    for (let index = 0; index < items.length; index++) {
      if (pace.isDue(work)) yield undefined;
      if (index > 0) out.add(between);
      out.add(render(items[index] as T, index));
      if (out.isFull()) yield* out.take();
    }
    out.add(after);
    yield* out.take();
  }
  return longBody(pieces, 16 * items.length);
}

/** Renders pieces until a chunk is full or the slice is over. */
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
  return { buffers: some, size, isLast };
}

/**
 * Sends a body that has more than its first chunk. Stops when the client has closed the connection. Returns the number of bytes written.
 *
 * @throws 503 before anything is sent, when the budget has no room for the data of the body
 */
export async function sendLong(
  res: ServerResponse,
  head: () => void,
  body: LongBody,
  budget: MemoryBudget,
  slices: Slices,
): Promise<number> {
  let takenAt = performance.now();
  holdResponse(budget, res, body.held + body.first.size + CHUNK_BYTES, () => takenAt);
  head();
  let sent = 0;
  let chunk = body.first;
  for (;;) {
    if (hasGone(res)) {
      body.pieces.return?.();
      return sent;
    }
    sent += chunk.size;
    const isTaken = writeTogether(res, chunk.buffers);
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

/**
 * Writes buffers with one system call and without a copy.
 *
 * @returns whether the socket accepts more now
 */
export function writeTogether(res: ServerResponse, buffers: readonly Buffer[]): boolean {
  let isTaken = true;
  res.cork();
  for (const buffer of buffers) isTaken = res.write(buffer);
  res.uncork();
  return isTaken;
}

function hasGone(res: ServerResponse): boolean {
  return res.closed || res.destroyed || res.socket?.destroyed !== false;
}

/** Waits until the socket accepts more. A client that reads nothing ends the wait: client-memory.ts closes its connection. */
function drained(res: ServerResponse): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      res.off('drain', done).off('close', done);
      resolve();
    };
    res.on('drain', done).on('close', done);
  });
}
