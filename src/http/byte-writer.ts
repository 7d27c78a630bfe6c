/** Builds a body in buffers that are sent as they are, so each byte is copied once. */
export interface ByteWriter {
  /** @param piece ASCII only, or bytes, which are copied */
  add(piece: string | Buffer): void;
  /** Whether there is enough for a write. */
  isFull(): boolean;
  /** The buffers since the last call, in their order. */
  take(): Buffer[];
}

/** In bytes. The first buffer is small, because most bodies are. Each next one is larger, so that a large body has few. */
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
