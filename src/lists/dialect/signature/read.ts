import { readAws4 } from './aws4.js';
import {
  headerOf,
  MalformedAuthorization,
  type RequestSignature,
  type Dialect,
  type SignedRequest,
} from './signed-request.js';
import { readCos } from './cos.js';
import { readOssV1, readOssV4 } from './oss.js';

type Read = (authorization: string, request: SignedRequest) => RequestSignature;

const KINDS: readonly { readonly start: string; readonly dialect: Dialect; readonly read: Read }[] = [
  { start: 'AWS4-HMAC-SHA256', dialect: 's3', read: readAws4 },
  { start: 'OSS4-HMAC-SHA256', dialect: 'oss', read: readOssV4 },
  { start: 'OSS ', dialect: 'oss', read: readOssV1 },
  { start: 'q-sign-algorithm', dialect: 'cos', read: readCos },
];

/** Returns the dialect of a request, also when its signature is malformed. Without a signature it is s3. */
export function dialectOf(headers: SignedRequest['headers']): Dialect {
  const authorization = headerOf(headers, 'authorization');
  return KINDS.find(({ start }) => authorization.startsWith(start))?.dialect ?? 's3';
}

/**
 * Reads the signature of a request; null when it has no header `authorization`.
 *
 * @throws MalformedAuthorization
 */
export function readRequestSignature(request: SignedRequest): RequestSignature | null {
  const authorization = headerOf(request.headers, 'authorization');
  if (authorization === '') return null;
  const kind = KINDS.find(({ start }) => authorization.startsWith(start));
  if (kind !== undefined) return kind.read(authorization, request);
  throw new MalformedAuthorization(
    'The header authorization is none of AWS4-HMAC-SHA256, OSS, OSS4-HMAC-SHA256 and q-sign-algorithm.',
  );
}
