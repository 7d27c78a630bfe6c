import { createHash } from 'node:crypto';
import { Readable } from 'node:stream';
import type { OutgoingObject } from '../../src/lists/model.js';

/** An object to deliver that is in memory. */
export function objectOf(key: string, content: string | Buffer): OutgoingObject {
  const bytes = Buffer.from(content);
  return {
    key,
    contentType: 'text/plain',
    size: bytes.length,
    md5: createHash('md5').update(bytes).digest('hex'),
    sha256: createHash('sha256').update(bytes).digest('hex'),
    open: () => Readable.from([bytes]),
  };
}
