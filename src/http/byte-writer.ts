/** Builds a body in buffers that are sent as they are, so each byte is copied once. */
export interface ByteWriter {
  /** @param piece ASCII only, or bytes, which are copied */
  add(piece: string | Buffer): void;
  /** Whether the buffers have enough bytes for a write. */
  isFull(): boolean;
  /** Returns the bytes that were added since the last call, in order. */
  take(): Buffer[];
}

/** In bytes. The first buffer is small, because most bodies are small. Each next buffer is larger, so that a large body has few buffers. */
const SMALLEST = 8 * 1024;
const GROWTH = 4;
const LARGEST = 128 * 1024;

export function createByteWriter(): ByteWriter {
  let full: Buffer[] = [];
  let size = SMALLEST;
  let buffer = Buffer.allocUnsafeSlow(size);
  let start = 0;
  let end = 0;

  function makeRoom(bytes: number): void {
    if (end > start) full.push(buffer.subarray(start, end));
    size = Math.min(size * GROWTH, LARGEST);
    buffer = Buffer.allocUnsafeSlow(Math.max(size, bytes));
    start = end = 0;
  }

  return {
    add(piece) {
      if (end + piece.length > buffer.length) makeRoom(piece.length);
      if (typeof piece === 'string') buffer.write(piece, end, 'latin1');
      else buffer.set(piece, end);
      end += piece.length;
    },
    isFull: () => full.length > 0 && size === LARGEST,
    take() {
      const taken = full;
      full = [];
      if (end > start) taken.push(buffer.subarray(start, end));
      start = end;
      return taken;
    },
  };
}
