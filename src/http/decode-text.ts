import { isAscii } from 'node:buffer';
import { malformedJson } from '../errors.js';
import { createYieldPoint } from '../slices.js';

/** In bytes. A large text is decoded in pieces of this size, because 10 MB take 60 ms. */
const PIECE = 256 * 1024;

/**
 * Returns the text of a body, without a byte order mark. A large body that is not ASCII is decoded in pieces, and the event loop runs
 * between them.
 *
 * @throws ApiError 400 when it is not UTF-8
 */
export function textOf(bytes: Buffer): string | Promise<string> {
  // Nearly all bodies are ASCII, and Node.js makes a Latin-1 string by copying the bytes.
  if (isAscii(bytes)) return bytes.toString('latin1');
  return bytes.length <= PIECE ? decoded(utf8, bytes) : inPieces(bytes);
}

async function inPieces(bytes: Buffer): Promise<string> {
  const pause = createYieldPoint();
  const decoder = new TextDecoder('utf-8', { fatal: true });
  const texts: string[] = [];
  for (let start = 0; start < bytes.length; start += PIECE) {
    await pause();
    const stream = start + PIECE < bytes.length;
    texts.push(decoded(decoder, bytes.subarray(start, start + PIECE), { stream }));
  }
  return texts.join('');
}

function decoded(decoder: InstanceType<typeof TextDecoder>, bytes: Buffer, options?: { stream: boolean }): string {
  try {
    return decoder.decode(bytes, options);
  } catch {
    throw malformedJson('the body is not valid UTF-8');
  }
}

const utf8 = new TextDecoder('utf-8', { fatal: true });
