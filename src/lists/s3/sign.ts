import { AwsV4Signer } from 'aws4fetch';
import type { S3Bucket } from '../model.js';
import type { Keys } from './keys.js';

/** The SHA-256 of zero bytes, for the signature of requests without a body. */
export const EMPTY_SHA256 = 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855';

/** The URL of an object. Each part of its key is percent-encoded, as the signature requires. */
export function urlOf({ endpoint, addressing, bucket, root }: S3Bucket, key: string): string {
  const path = [root, key].filter((part) => part !== '').join('/');
  const encoded = path.split('/').map(encodePart).join('/');
  if (addressing === 'path') return `${endpoint}/${bucket}/${encoded}`;
  return `${endpoint.replace('://', `://${bucket}.`)}/${encoded}`;
}

/** Percent-encodes all characters but the unreserved ones of RFC 3986. */
function encodePart(text: string): string {
  return encodeURIComponent(text).replace(
    /[!'()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}

/** Signs with AWS Signature Version 4: all given headers and the SHA-256 of the body. */
export async function signed(
  request: { readonly method: string; readonly url: string; readonly headers: Readonly<Record<string, string>> },
  sha256: string,
  { region }: S3Bucket,
  keys: Keys,
  now: Date,
): Promise<Record<string, string>> {
  const signer = new AwsV4Signer({
    method: request.method,
    url: request.url,
    headers: { ...request.headers, 'x-amz-content-sha256': sha256 },
    accessKeyId: keys.access,
    secretAccessKey: keys.secret,
    service: 's3',
    region,
    datetime: now.toISOString().replace(/[:-]|\.\d{3}/g, ''),
  });
  const { headers } = await signer.sign();
  return Object.fromEntries(headers.entries());
}
