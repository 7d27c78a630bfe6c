import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';
import { Ajv } from 'ajv';
import { asyncBufferFromFile, parquetMetadataAsync } from 'hyparquet';

/** The data of a list, and the result of the check. */
export interface VerifiedList {
  readonly source: string;
  readonly id: string;
  readonly takenAt: string;
  readonly rows: number;
  readonly bytes: number;
  readonly parts: number;
  /** One sentence for each difference from the manifest. Empty when the list is correct. */
  readonly problems: readonly string[];
}

/** The manifest cannot be read, or the file is not a manifest. */
export class ManifestError extends Error {}

interface Manifest {
  readonly sourceBucket: string;
  readonly fileFormat: 'CSV' | 'Parquet';
  readonly files: readonly { readonly key: string; readonly size: number; readonly MD5checksum: string }[];
  readonly stockroom: { readonly list: string; readonly takenAt: string; readonly rows: readonly number[] };
}

const isManifest = new Ajv().compile<Manifest>({
  type: 'object',
  required: ['sourceBucket', 'fileFormat', 'files', 'stockroom'],
  properties: {
    sourceBucket: { type: 'string' },
    fileFormat: { enum: ['CSV', 'Parquet'] },
    files: {
      type: 'array',
      items: {
        type: 'object',
        required: ['key', 'size', 'MD5checksum'],
        properties: {
          key: { type: 'string' },
          size: { type: 'integer' },
          MD5checksum: { type: 'string' },
        },
      },
    },
    stockroom: {
      type: 'object',
      required: ['list', 'takenAt', 'rows'],
      properties: {
        list: { type: 'string' },
        takenAt: { type: 'string' },
        rows: { type: 'array', items: { type: 'integer' } },
      },
    },
  },
});

/**
 * Compares a list in a folder with its manifest: checksum, names, sizes, MD5s and rows. The folder may be any copy of a bucket, because
 * the parts are read from `../data` of the manifest.
 *
 * @param onPart is called for each part before it is read
 * @throws ManifestError when there is no manifest
 */
export async function verifyList(
  file: string,
  onPart: (index: number, count: number) => void = () => undefined,
): Promise<VerifiedList> {
  const bytes = await readManifest(file);
  const manifest = parse(bytes, file);
  const { sourceBucket: source, fileFormat, files, stockroom } = manifest;
  const problems = await checksumProblems(file, bytes);
  if (stockroom.rows.length !== files.length) {
    problems.push(`The manifest has ${files.length} files and the rows of ${stockroom.rows.length}.`);
  }
  for (const [index, { key, size, MD5checksum: md5 }] of files.entries()) {
    onPart(index, files.length);
    const name = path.posix.basename(key);
    if (!`/${key}`.endsWith(`/${source}/${stockroom.list}/data/${name}`)) {
      problems.push(`${key}: no key of a part of the list ${stockroom.list} of ${source}.`);
      continue;
    }
    const part = path.join(path.dirname(file), '..', 'data', name);
    const expected = { size, md5: md5.toLowerCase(), rows: stockroom.rows[index] };
    problems.push(...(await partProblems(part, fileFormat, expected)).map((problem) => `${name}: ${problem}`));
  }
  return {
    source,
    id: stockroom.list,
    takenAt: stockroom.takenAt,
    rows: stockroom.rows.reduce((sum, rows) => sum + rows, 0),
    bytes: files.reduce((sum, { size }) => sum + size, 0),
    parts: files.length,
    problems,
  };
}

async function readManifest(file: string): Promise<Buffer> {
  try {
    return await readFile(file);
  } catch (error) {
    throw new ManifestError(`The manifest ${file} cannot be read: ${codeOf(error)}.`);
  }
}

function parse(bytes: Buffer, file: string): Manifest {
  let value: unknown;
  try {
    value = JSON.parse(bytes.toString());
  } catch {
    throw new ManifestError(`${file} is no manifest: it is not JSON.`);
  }
  if (isManifest(value)) return value;
  const { instancePath = '', message = '' } = isManifest.errors?.[0] ?? {};
  throw new ManifestError(
    `${file} is no manifest of Stockroom: ${instancePath === '' ? 'it' : instancePath} ${message}.`,
  );
}

async function checksumProblems(file: string, bytes: Buffer): Promise<string[]> {
  try {
    const checksum = await readFile(path.join(path.dirname(file), 'manifest.checksum'), 'latin1');
    const md5 = createHash('md5').update(bytes).digest('hex');
    if (checksum.toLowerCase() === md5) return [];
    return [`manifest.checksum is not the MD5 of manifest.json: expected ${md5}, got ${checksum.slice(0, 40)}.`];
  } catch (error) {
    return [`manifest.checksum cannot be read (${codeOf(error)}): the list is not complete.`];
  }
}

async function partProblems(
  part: string,
  format: Manifest['fileFormat'],
  expected: { size: number; md5: string; rows: number | undefined },
): Promise<string[]> {
  try {
    const { size, md5 } = await digestOf(part);
    // The function returns before it decompresses a damaged part.
    if (size !== expected.size) return [`expected ${expected.size} bytes, got ${size}.`];
    if (md5 !== expected.md5) return [`expected the MD5 ${expected.md5}, got ${md5}.`];
    const rows = format === 'CSV' ? await csvRows(part) : await parquetRows(part);
    return expected.rows === undefined || rows === expected.rows
      ? []
      : [`expected ${expected.rows} rows, got ${rows}.`];
  } catch (error) {
    return [`it cannot be read: ${codeOf(error)}.`];
  }
}

async function digestOf(file: string): Promise<{ size: number; md5: string }> {
  const md5 = createHash('md5');
  let size = 0;
  for await (const chunk of createReadStream(file) as AsyncIterable<Buffer>) {
    md5.update(chunk);
    size += chunk.length;
  }
  return { size, md5: md5.digest('hex') };
}

const [QUOTE, LINE_END] = [0x22, 0x0a];

/** Counts the line ends outside of quotes. A line end within quotes is part of a value. A doubled quote closes a value and opens it again. */
async function csvRows(file: string): Promise<number> {
  let [rows, quoted] = [0, false];
  await pipeline(createReadStream(file), createGunzip(), async (chunks: AsyncIterable<Buffer>) => {
    for await (const chunk of chunks) {
      for (const byte of chunk) {
        if (byte === QUOTE) quoted = !quoted;
        else if (byte === LINE_END && !quoted) rows++;
      }
    }
  });
  return rows;
}

async function parquetRows(file: string): Promise<number> {
  return Number((await parquetMetadataAsync(await asyncBufferFromFile(file))).num_rows);
}

function codeOf(error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException;
  return code ?? message;
}
