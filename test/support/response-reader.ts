/** A response of HTTP/1.1 as it came from a connection. */
export interface Response {
  readonly status: number;
  readonly body: () => string;
  /** Whether the server closes the connection after it. */
  readonly closes: boolean;
}

/** The last bytes of a chunked body: the end of a chunk, then the empty one. */
const LAST_CHUNK = Buffer.from('\r\n0\r\n\r\n');

/**
 * Reads the responses of one connection that has one request at a time: takes each chunk that arrives, and returns the response when it
 * is complete. A body is put together only when it is looked at, so that a client costs little beside the server that it measures.
 */
export function responseReader(): (chunk: Buffer) => Response | null {
  let chunks: Buffer[] = [];
  let length = 0;
  let head: Head | null = null;
  return (chunk) => {
    chunks.push(chunk);
    length += chunk.length;
    if (head === null) {
      if (chunks.length > 1) chunks = [Buffer.concat(chunks)];
      head = readHead(chunks[0]!);
    }
    if (head === null || !isComplete(head, chunks, length)) return null;
    const { start, chunked, status, closes } = head;
    const received = chunks;
    [chunks, length, head] = [[], 0, null];
    const body = (): string => {
      const bytes = Buffer.concat(received).subarray(start);
      return (chunked ? withoutFraming(bytes) : bytes).toString();
    };
    return { status, closes, body };
  };
}

interface Head {
  readonly status: number;
  /** Where the body starts. */
  readonly start: number;
  /** Of the body; of a chunked one it is not known. */
  readonly length: number;
  readonly chunked: boolean;
  readonly closes: boolean;
}

function readHead(bytes: Buffer): Head | null {
  const end = bytes.indexOf('\r\n\r\n');
  if (end === -1) return null;
  const text = bytes.toString('latin1', 0, end);
  return {
    status: Number(text.slice(9, 12)),
    start: end + 4,
    length: Number(/\r\ncontent-length: *(\d+)/i.exec(text)?.[1] ?? 0),
    chunked: /\r\ntransfer-encoding: *chunked/i.test(text),
    closes: /\r\nconnection: *close/i.test(text),
  };
}

function isComplete(head: Head, chunks: Buffer[], length: number): boolean {
  if (!head.chunked) return length >= head.start + head.length;
  // The end may have come in several pieces.
  while (chunks.length > 1 && chunks.at(-1)!.length < LAST_CHUNK.length) {
    chunks.splice(-2, 2, Buffer.concat(chunks.slice(-2)));
  }
  return chunks.at(-1)!.subarray(-LAST_CHUNK.length).equals(LAST_CHUNK);
}

/** The bytes of a chunked body without the sizes of its chunks. */
function withoutFraming(body: Buffer): Buffer {
  const parts: Buffer[] = [];
  for (let at = 0; ;) {
    const lineEnd = body.indexOf('\r\n', at);
    const size = parseInt(body.toString('latin1', at, lineEnd), 16);
    if (!(size > 0)) return Buffer.concat(parts);
    parts.push(body.subarray(lineEnd + 2, lineEnd + 2 + size));
    at = lineEnd + 2 + size + 2;
  }
}
