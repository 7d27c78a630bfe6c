import { readFile } from 'node:fs/promises';
import { DestinationError, type S3Bucket, type Secret } from '../model.js';

/** The keys that sign a request. */
export interface Keys {
  readonly access: string;
  readonly secret: string;
}

/** Returns the present keys. Reads their files again, so that an operator may replace them while the service runs. */
export async function readKeys(bucket: S3Bucket): Promise<Keys> {
  const [access, secret] = await Promise.all([
    read(bucket, 'access_key', bucket.accessKey),
    read(bucket, 'secret_key', bucket.secretKey),
  ]);
  return { access, secret };
}

async function read({ name }: S3Bucket, option: string, source: Secret): Promise<string> {
  if ('value' in source) return source.value;
  const place = `${option}_file of [list_bucket:${name}]`;
  let text: string;
  try {
    text = (await readFile(source.file, 'utf8')).trim();
  } catch (error) {
    const why = (error as NodeJS.ErrnoException).code ?? 'it cannot be read';
    throw new DestinationError('KeyFileUnreadable', `${place} cannot be read: ${why}.`, 'late');
  }
  // The message does not contain the text, because the text may be a key with a mistake.
  if (/^[\x21-\x7e]+$/.test(text)) return text;
  throw new DestinationError('KeyFileUnreadable', `${place} does not hold one key of printable characters.`, 'late');
}
