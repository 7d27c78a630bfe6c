import { createHash, randomUUID } from 'node:crypto';
import { Readable } from 'node:stream';
import { DestinationError, type Destination, type Encryption, type ListBucket } from '../model.js';

/** One step of the probe of a bucket, and its result. */
export interface ProbeStep {
  /** `write with sse-s3` */
  readonly step: string;
  /** Null when the step succeeded. */
  readonly failure: { readonly code: string; readonly message: string; readonly advice: string | null } | null;
}

const CONTENT = 'Written by stockroom lists check, to be deleted by it.\n';

/**
 * Writes a small object, reads it back and deletes it, as a run does with a list. Does this with each encryption that the section
 * offers. After a failed write it continues with the next encryption.
 */
export async function* probeBucket(
  bucket: ListBucket,
  destination: Destination,
  signal: AbortSignal,
): AsyncGenerator<ProbeStep> {
  for (const encryption of encryptionsOf(bucket)) {
    const key = `stockroom-check-${randomUUID()}.txt`;
    const how = describe(encryption);
    const written = await attempt(bucket, `write ${how}`, () => destination.put(object(key), encryption, signal));
    yield written;
    if (written.failure !== null) continue;
    yield await attempt(bucket, `read back what was written ${how}`, async () => {
      const read = await destination.get(key, signal);
      if (read?.toString() === CONTENT) return;
      const what = read === null ? 'nothing' : 'other bytes than those that were written';
      throw new DestinationError('ContentMismatch', `The store returns ${what}.`, 'late');
    });
    yield await attempt(bucket, `delete what was written ${how}`, () => destination.delete(key, signal));
  }
}

async function attempt(bucket: ListBucket, step: string, work: () => Promise<void>): Promise<ProbeStep> {
  try {
    await work();
    return { step, failure: null };
  } catch (error) {
    if (!(error instanceof DestinationError)) throw error;
    const { code, message } = error;
    return { step, failure: { code, message, advice: adviceFor(code, bucket) } };
  }
}

function object(key: string) {
  const digest = (algorithm: string): string => createHash(algorithm).update(CONTENT).digest('hex');
  return {
    key,
    contentType: 'text/plain',
    size: Buffer.byteLength(CONTENT),
    md5: digest('md5'),
    sha256: digest('sha256'),
    open: () => Readable.from([Buffer.from(CONTENT)]),
  };
}

/** Returns each encryption that jobs may ask for, with KMS once for each key. */
function encryptionsOf(bucket: ListBucket): readonly (Encryption | null)[] {
  if (bucket.type === 'folder') return [null];
  return bucket.encryption.flatMap((type): (Encryption | null)[] => {
    if (type === 'none') return [null];
    if (type === 'sse-s3') return [{ type }];
    const keys = bucket.kmsKeys.length === 0 ? [null] : bucket.kmsKeys;
    return keys.map((key) => ({ type, key_id: key }));
  });
}

function describe(encryption: Encryption | null): string {
  if (encryption === null) return 'without encryption';
  if (encryption.type === 'sse-s3') return 'with sse-s3';
  return `with sse-kms and ${encryption.key_id === null ? 'the default key of the bucket' : `the key ${encryption.key_id}`}`;
}

/** The remedy for an operator. */
function adviceFor(code: string, bucket: ListBucket): string | null {
  if (bucket.type === 'folder') return null;
  const place = bucket.root === '' ? '' : ` below ${bucket.root}/`;
  const rights = `The access key needs PutObject, GetObject and DeleteObject in the bucket ${bucket.bucket}${place}.`;
  const keys = 'Look at access_key and secret_key, or their files, and at region.';
  const encryption = 'The store does not offer this encryption: take it out of encryption, or set it up in the store.';
  const reach = 'Look at endpoint: the store has to be reachable from this machine.';
  const advice: Readonly<Record<string, string>> = {
    AccessDenied: rights,
    InvalidAccessKeyId: keys,
    SignatureDoesNotMatch: keys,
    NoSuchBucket: `Create the bucket ${bucket.bucket} in the store, or set bucket to one that is there.`,
    NotImplemented: encryption,
    InvalidRequest: encryption,
    ConnectionFailed: reach,
    Timeout: reach,
    CertificateRejected:
      'Set ca_file to the certificate of the authority that has signed the certificate of the store.',
    RequestTimeTooSkewed: 'Set the clock of this machine.',
  };
  return Object.hasOwn(advice, code) ? (advice[code] ?? null) : null;
}
