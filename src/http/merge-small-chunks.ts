import http from 'node:http';

/**
 * In bytes. The service merges chunks of a body that are smaller. Node.js makes a Buffer for each chunk of a chunked body, and a Buffer
 * takes some 380 bytes: a packet of 64 KiB with 10,900 chunks of one byte takes 4 MB until the body is read.
 */
const SMALL_BYTES = 512;

const GATHERED_BYTES = 16 * 1024;

interface Gathered {
  bytes: Buffer;
  length: number;
}

/** The key of a property of the request. request-queue.ts explains why it is not a WeakMap. */
const GATHERED = Symbol('gathered');

interface GatheringRequest extends http.IncomingMessage {
  [GATHERED]?: Gathered | undefined;
}

/** Replaces `push` in the prototype of requests. It does not delay the first chunk of a body, because most bodies have only one. */
export function pushGathering(this: GatheringRequest, chunk: Buffer | null, encoding?: BufferEncoding): boolean {
  const small = this[GATHERED];
  if (chunk !== null && chunk.length < SMALL_BYTES && (small !== undefined || this.readableLength > 0)) {
    return gather(this, chunk, small);
  }
  if (small !== undefined) flush(this, small);
  return http.IncomingMessage.prototype.push.call(this, chunk, encoding);
}

function gather(req: GatheringRequest, chunk: Buffer, known: Gathered | undefined): boolean {
  let small = known;
  if (small !== undefined && small.length + chunk.length > GATHERED_BYTES) {
    flush(req, small);
    small = undefined;
  }
  if (small === undefined) {
    small = { bytes: Buffer.allocUnsafeSlow(SMALL_BYTES * 2), length: 0 };
    req[GATHERED] = small;
    // `setImmediate` runs after Node.js has parsed the packet. `process.nextTick` would run between two chunks of the packet.
    setImmediate(() => {
      const rest = req[GATHERED];
      if (rest !== undefined) flush(req, rest);
    });
  }
  if (small.length + chunk.length > small.bytes.length) {
    const larger = Buffer.allocUnsafeSlow(small.bytes.length * 2);
    small.bytes.copy(larger, 0, 0, small.length);
    small.bytes = larger;
  }
  chunk.copy(small.bytes, small.length);
  small.length += chunk.length;
  return req.readableLength + small.length < req.readableHighWaterMark;
}

function flush(req: GatheringRequest, { bytes, length }: Gathered): void {
  req[GATHERED] = undefined;
  if (!req.destroyed) http.IncomingMessage.prototype.push.call(req, bytes.subarray(0, length));
}
