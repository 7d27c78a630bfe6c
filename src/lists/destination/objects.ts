import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { Readable } from 'node:stream';
import type { OutgoingObject, Part } from '../model.js';

const CONTENT_TYPES = {
  'csv.gz': 'application/gzip',
  parquet: 'application/vnd.apache.parquet',
  json: 'application/json',
  checksum: 'text/plain',
} as const;

/** The content type of an object, by the end of its name. There is no content-encoding, so that no client unpacks the object. */
export function contentTypeOf(name: string): string {
  const ending = name.slice(name.indexOf('.') + 1);
  return CONTENT_TYPES[ending as keyof typeof CONTENT_TYPES];
}

/** A part in the spool, to be put at a key. */
export function partObject(key: string, { name, path, size, md5, sha256 }: Part): OutgoingObject {
  return { key, contentType: contentTypeOf(name), size, md5, sha256, open: () => createReadStream(path) };
}

/** A manifest or its checksum, to be put at a key. */
export function smallObject(key: string, bytes: Buffer): OutgoingObject {
  return {
    key,
    contentType: contentTypeOf(key.slice(key.lastIndexOf('/') + 1)),
    size: bytes.length,
    md5: createHash('md5').update(bytes).digest('hex'),
    sha256: createHash('sha256').update(bytes).digest('hex'),
    open: () => Readable.from([bytes]),
  };
}
