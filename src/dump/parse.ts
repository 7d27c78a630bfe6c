import { createHash } from 'node:crypto';
import { END_OF_ROWS, FORMAT, type Header, type Section, type Trailer } from './format.js';
import { DumpError } from './error.js';

/** A part of a dump. Rows come in pieces, which may end inside a row. */
export type Part =
  | { readonly kind: 'header'; readonly header: Header }
  | { readonly kind: 'section'; readonly section: Section }
  | { readonly kind: 'rows'; readonly bytes: Buffer }
  | { readonly kind: 'end of rows' }
  | { readonly kind: 'trailer'; readonly trailer: Trailer };

/** No line of JSON in a dump is longer, in bytes. */
const MAX_LINE = 1 << 20;

const CUT_OFF = 'it ends too early: the dump was interrupted, or a copy of it was';

/**
 * Reads an uncompressed dump. The last part is the trailer. It is yielded only when the checksum of everything before it is correct.
 *
 * @throws DumpError when the bytes are not a complete dump
 */
export async function* parseDump(source: AsyncIterable<Buffer>): AsyncGenerator<Part> {
  const reader = lineReader(source);
  const hash = createHash('sha256');
  const first = await reader.line();
  hash.update(first);
  yield { kind: 'header', header: headerOf(parseLine(first)) };
  for (;;) {
    const line = await reader.line();
    const value = parseLine(line);
    if ('sha256' in value) {
      const trailer = value as unknown as Trailer;
      if (trailer.sha256 !== hash.digest('hex')) throw new DumpError('its checksum is wrong: it was changed');
      if (!(await reader.atEnd())) throw new DumpError('something follows after its end');
      yield { kind: 'trailer', trailer };
      return;
    }
    hash.update(line);
    yield { kind: 'section', section: value as unknown as Section };
    for await (const bytes of reader.until(END_OF_ROWS)) {
      hash.update(bytes);
      yield { kind: 'rows', bytes };
    }
    hash.update(END_OF_ROWS);
    yield { kind: 'end of rows' };
  }
}

function headerOf(value: Readonly<Record<string, unknown>>): Header {
  if (value['format'] === FORMAT) return value as unknown as Header;
  throw new DumpError(
    typeof value['format'] === 'string' && value['format'].startsWith('stockroom dump')
      ? `it has the form "${value['format']}", and this Stockroom reads "${FORMAT}". Use the Stockroom that made it`
      : 'it is no dump of Stockroom',
  );
}

function parseLine(line: Buffer): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(line.toString('utf8'));
    if (typeof value === 'object' && value !== null) return value as Record<string, unknown>;
  } catch {
    // The line is not JSON. The next statement rejects it.
  }
  throw new DumpError('it is no dump of Stockroom, or it was changed');
}

interface LineReader {
  /** Returns the next line, including its line end. */
  line(): Promise<Buffer>;
  /** Yields all lines before the line `end`, and skips that line. */
  until(end: string): AsyncGenerator<Buffer>;
  atEnd(): Promise<boolean>;
}

function lineReader(source: AsyncIterable<Buffer>): LineReader {
  const chunks = source[Symbol.asyncIterator]();
  let rest: Buffer = Buffer.alloc(0);

  async function more(): Promise<boolean> {
    const next = await chunks.next();
    if (next.done === true) return false;
    rest = rest.length === 0 ? next.value : Buffer.concat([rest, next.value]);
    return true;
  }

  function take(length: number): Buffer {
    const taken = rest.subarray(0, length);
    rest = rest.subarray(length);
    return taken;
  }

  return {
    async line() {
      for (;;) {
        const end = rest.indexOf('\n');
        if (end !== -1) return take(end + 1);
        if (rest.length > MAX_LINE) throw new DumpError('it is no dump of Stockroom');
        if (!(await more())) throw new DumpError(CUT_OFF);
      }
    },
    async *until(end) {
      const later = `\n${end}`;
      for (let isFirst = true; ;) {
        while (isFirst && rest.length < end.length) if (!(await more())) throw new DumpError(CUT_OFF);
        if (isFirst && rest.subarray(0, end.length).equals(Buffer.from(end))) {
          take(end.length);
          return;
        }
        isFirst = false;
        const at = rest.indexOf(later);
        if (at !== -1) {
          yield take(at + 1);
          take(end.length);
          return;
        }
        // The line `end` may begin in this piece and end in the next one.
        if (rest.length >= later.length) yield take(rest.length - later.length + 1);
        if (!(await more())) throw new DumpError(CUT_OFF);
      }
    },
    async atEnd() {
      while (rest.length === 0) if (!(await more())) return true;
      return false;
    },
  };
}
