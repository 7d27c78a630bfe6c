import { createReadStream, statSync, type ReadStream } from 'node:fs';
import { pipeline } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { countRows, type Header, type Trailer } from './format.js';
import { parseDump, type Part } from './parse.js';
import { DumpError } from './error.js';

/** Yields the parts of a dump file. @throws DumpError that names the file */
export async function* readDump(file: string, source: ReadStream = createReadStream(file)): AsyncGenerator<Part> {
  const gunzip = createGunzip();
  // An error of the file destroys `gunzip`, so `parseDump` throws it.
  pipeline(source, gunzip, () => undefined);
  try {
    yield* parseDump(gunzip as AsyncIterable<Buffer>);
  } catch (error) {
    throw toDumpError(file, error);
  } finally {
    gunzip.destroy();
  }
}

/** The contents of a dump. */
export interface DumpFacts {
  readonly header: Header;
  readonly trailer: Trailer;
  /** The number of rows of all tables. */
  readonly rows: number;
}

/**
 * Reads a whole dump file and checks it.
 *
 * @param progress is called with the number of rows read so far, and the estimated total
 * @throws DumpError
 */
export async function checkDump(file: string, progress: (rows: number, expected: number) => void): Promise<DumpFacts> {
  const source = createReadStream(file);
  const size = statSync(file, { throwIfNoEntry: false })?.size ?? 0;
  let header: Header | null = null;
  let trailer: Trailer | null = null;
  let rows = 0;
  for await (const part of readDump(file, source)) {
    if (part.kind === 'header') header = part.header;
    else if (part.kind === 'trailer') trailer = part.trailer;
    else if (part.kind === 'rows') {
      rows += countRows(part.bytes);
      progress(rows, Math.round((rows * size) / Math.max(1, source.bytesRead)));
    }
  }
  if (header === null || trailer === null) throw new DumpError(`${file} cannot be restored: it is empty.`);
  return { header, trailer, rows };
}

function toDumpError(file: string, error: unknown): unknown {
  const { code = '', message } = error as NodeJS.ErrnoException;
  if (error instanceof DumpError) return new DumpError(`${file} cannot be restored: ${message}.`, { cause: error });
  if (code.startsWith('Z_')) {
    const what = code === 'Z_BUF_ERROR' ? 'it ends too early' : 'it is no gzip file, or it is damaged';
    return new DumpError(`${file} cannot be restored: ${what} (${message}).`, { cause: error });
  }
  if (['ENOENT', 'EACCES', 'EISDIR', 'EIO'].includes(code))
    return new DumpError(`${file} cannot be read: ${message}.`, { cause: error });
  return error;
}
