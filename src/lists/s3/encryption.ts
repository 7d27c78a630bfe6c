import type { Encryption, S3Bucket } from '../model.js';

interface Dialect {
  readonly algorithm: string;
  readonly keyId: string;
  readonly 'sse-s3': string;
  readonly 'sse-kms': string;
}

/** Names and values of the headers with which a PUT asks for encryption and a response confirms it. */
const DIALECTS: Readonly<Record<S3Bucket['encryptionHeader'], Dialect>> = {
  amz: {
    algorithm: 'x-amz-server-side-encryption',
    keyId: 'x-amz-server-side-encryption-aws-kms-key-id',
    'sse-s3': 'AES256',
    'sse-kms': 'aws:kms',
  },
  oss: {
    algorithm: 'x-oss-server-side-encryption',
    keyId: 'x-oss-server-side-encryption-key-id',
    'sse-s3': 'AES256',
    'sse-kms': 'KMS',
  },
  cos: {
    algorithm: 'x-cos-server-side-encryption',
    keyId: 'x-cos-server-side-encryption-cos-kms-key-id',
    'sse-s3': 'AES256',
    'sse-kms': 'cos/kms',
  },
};

/** The headers of a PUT that ask for encryption. There are none when `encryption` is null. */
export function encryptionHeaders(
  encryption: Encryption | null,
  header: S3Bucket['encryptionHeader'],
): Readonly<Record<string, string>> {
  if (encryption === null) return {};
  const names = DIALECTS[header];
  return {
    [names.algorithm]: names[encryption.type],
    ...(encryption.type === 'sse-kms' && encryption.key_id !== null ? { [names.keyId]: encryption.key_id } : {}),
  };
}

/** Whether a response confirms that the object has the requested encryption. */
export function confirmsEncryption(
  headers: Readonly<Record<string, string | string[] | undefined>>,
  encryption: Encryption,
  header: S3Bucket['encryptionHeader'],
): boolean {
  const names = DIALECTS[header];
  if (headers[names.algorithm] !== names[encryption.type]) return false;
  if (encryption.type === 'sse-s3' || encryption.key_id === null) return true;
  const key = headers[names.keyId];
  // Amazon returns the ARN of a key, which ends with the id that the request had.
  return typeof key === 'string' && (key === encryption.key_id || key.endsWith(`/${encryption.key_id}`));
}
