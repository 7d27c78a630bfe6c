import { readFile } from 'node:fs/promises';
import { setTimeout } from 'node:timers/promises';
import { backOff } from '../../back-off.js';
import { DestinationError, type Destination, type Encryption, type OutgoingObject, type S3Bucket } from '../model.js';
import { confirmsEncryption, encryptionHeaders } from '../s3/encryption.js';
import { connectionFailure, failureOf, type S3Failure } from '../s3/failure.js';
import { readKeys } from '../s3/keys.js';
import { send, SendTimeout, SourceFailure, type S3Request, type S3Response } from '../s3/send.js';
import { EMPTY_SHA256, signed, urlOf } from '../s3/sign.js';

export interface S3Options {
  /** Called when the store does something that an operator should know, but that is no failure. */
  readonly onWarning?: (text: string) => void;
  /** The first pause before a request is sent again, in milliseconds. Each further pause is four times as long. */
  readonly firstPause?: number;
  /** How long the service waits for `100 Continue` before it sends a large body, in milliseconds. */
  readonly askFirst?: number;
}

const ATTEMPTS = 4;
const FIRST_PAUSE_MS = 500;
const MAX_ERROR_BYTES = 64 * 1024;
/** The manifest of a list of ten thousand parts has fewer bytes. */
const MAX_OBJECT_BYTES = 4 * 1024 * 1024;

/** A request before it is signed. */
interface Wanted {
  readonly method: S3Request['method'];
  readonly key: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly object?: OutgoingObject;
  /** Returns true for a response that is not a failure, although its status is not 2xx. */
  readonly accepts?: (response: S3Response) => boolean;
}

/**
 * A bucket behind the S3 protocol. Each object is one PUT, so an interrupted upload leaves nothing in the bucket. The service sends a
 * request up to four times when it fails for a temporary reason. Then it throws a DestinationError. It throws at once when an operator
 * has to repair something (docs/adr/0017 has the table of failures).
 */
export function s3Destination(bucket: S3Bucket, options: S3Options = {}): Destination {
  const { onWarning = () => undefined, firstPause = FIRST_PAUSE_MS, askFirst } = options;
  /** How far the clock of the store is ahead of the clock of this machine, in milliseconds. 0 until the store rejects the time of a request. */
  let skew = 0;

  async function request(wanted: Wanted, signal: AbortSignal): Promise<S3Response> {
    let [failures, hasSetClock, hasReadKeysAgain] = [0, false, false];
    for (;;) {
      const keys = await readKeys(bucket);
      const { response, failure } = await once(wanted, keys, signal);
      if (failure === null) return response;
      const { error, passing } = failure;
      if (error.code === 'RequestTimeTooSkewed' && !hasSetClock) {
        hasSetClock = true;
        if (setClock(response?.headers.date)) continue;
      }
      if (response !== null && (response.status === 403 || response.status === 401) && !hasReadKeysAgain) {
        hasReadKeysAgain = true;
        const fresh = await readKeys(bucket);
        if (fresh.access !== keys.access || fresh.secret !== keys.secret) continue;
      }
      if (!passing || ++failures >= ATTEMPTS) throw error;
      await setTimeout(backOff(failures, { first: firstPause, factor: 4, longest: Infinity }), undefined, { signal });
    }
  }

  type Outcome = { response: S3Response; failure: null } | { response: S3Response | null; failure: S3Failure };

  async function once(
    { method, key, headers = {}, object, accepts = () => false }: Wanted,
    keys: Awaited<ReturnType<typeof readKeys>>,
    signal: AbortSignal,
  ): Promise<Outcome> {
    const url = urlOf(bucket, key);
    const what = `${method} ${key} (bucket ${bucket.name})`;
    const now = new Date(Date.now() + skew);
    const signedHeaders = await signed({ method, url, headers }, object?.sha256 ?? EMPTY_SHA256, bucket, keys, now);
    try {
      const response = await send(
        {
          method,
          url,
          headers: signedHeaders,
          maxBody: method === 'GET' ? MAX_OBJECT_BYTES : MAX_ERROR_BYTES,
          ...(object === undefined ? {} : { body: object }),
        },
        { ca: await certificates(bucket), timeout: bucket.timeout * 1000, askFirst, signal },
      );
      if (accepts(response)) return { response, failure: null };
      if (response.status >= 200 && response.status < 300) return checkUpload(response, what, object);
      return { response, failure: failureOf(response, what, keys) };
    } catch (error) {
      signal.throwIfAborted();
      if (error instanceof SourceFailure || error instanceof DestinationError) throw error;
      if (error instanceof SendTimeout) {
        return { response: null, failure: { error: timedOut(what, error), passing: true } };
      }
      return { response: null, failure: connectionFailure(error as NodeJS.ErrnoException, what) };
    }
  }

  /** Uses the clock of the store from now on. Returns false when the response has no date. */
  function setClock(date: string | undefined): boolean {
    const theirs = Date.parse(date ?? '');
    if (Number.isNaN(theirs)) return false;
    skew = theirs - Date.now();
    const seconds = Math.abs(Math.round(skew / 1000));
    onWarning(
      `The clock of the store is ${seconds} s ${skew > 0 ? 'ahead of' : 'behind'} the clock of ` +
        'this machine; requests are signed with the clock of the store.',
    );
    return true;
  }

  async function remove(key: string, signal: AbortSignal): Promise<void> {
    await request({ method: 'DELETE', key, accepts: ({ status }) => status === 404 }, signal);
  }

  /** @throws DestinationError when the store does not confirm that an object is encrypted; the object has been removed then */
  async function prove(
    response: S3Response,
    key: string,
    encryption: Encryption | null,
    signal: AbortSignal,
  ): Promise<void> {
    if (encryption === null || !bucket.encryptionProof) return;
    if (confirmsEncryption(response.headers, encryption, bucket.encryptionHeader)) return;
    const head = await request({ method: 'HEAD', key }, signal);
    if (confirmsEncryption(head.headers, encryption, bucket.encryptionHeader)) return;
    await remove(key, signal);
    throw new DestinationError(
      'EncryptionNotConfirmed',
      'The store took the upload but does not say that it is encrypted. If you know that it is, set ' +
        `encryption_proof = false in [list_bucket:${bucket.name}].`,
      'late',
    );
  }

  return {
    async put(object, encryption, signal) {
      const headers = {
        'content-type': object.contentType,
        'content-md5': Buffer.from(object.md5, 'hex').toString('base64'),
        ...encryptionHeaders(encryption, bucket.encryptionHeader),
      };
      const response = await request({ method: 'PUT', key: object.key, headers, object }, signal);
      await prove(response, object.key, encryption, signal);
    },
    async get(key, signal) {
      const isMissing = ({ status, body }: S3Response): boolean =>
        status === 404 && !body.includes('<Code>NoSuchBucket</Code>');
      const { status, body, isCut } = await request({ method: 'GET', key, accepts: isMissing }, signal);
      if (status === 404) return null;
      if (!isCut) return body;
      const most = `${key} (bucket ${bucket.name}) is larger than ${MAX_OBJECT_BYTES} bytes.`;
      throw new DestinationError('EntityTooLarge', most, 'late');
    },
    delete: remove,
  };

  /** Checks a response with status 2xx. Compares the ETag of an upload with the MD5 of the object when the ETag has the form of an MD5. */
  function checkUpload(response: S3Response, what: string, object: OutgoingObject | undefined): Outcome {
    const etag = /^"?([0-9a-f]{32})"?$/i.exec(response.headers.etag ?? '')?.[1]?.toLowerCase();
    const isOther = object !== undefined && etag !== undefined && etag !== object.md5;
    // With KMS an ETag has the form of an MD5, but it is not the MD5 of the object.
    const isKms = Object.entries(response.headers).some(
      ([name, value]) => name.endsWith('-server-side-encryption') && /kms/i.test(String(value)),
    );
    if (!isOther || isKms) return { response, failure: null };
    const text = `${what}: the store has other bytes than those that were sent (its etag is ${etag})`;
    return { response, failure: { error: new DestinationError('ChecksumMismatch', text, 'soon'), passing: true } };
  }
}

function timedOut(what: string, { message }: SendTimeout): DestinationError {
  return new DestinationError('Timeout', `${what}: ${message}`, 'soon');
}

async function certificates({ caFile, name }: S3Bucket): Promise<string | null> {
  if (caFile === null) return null;
  try {
    return await readFile(caFile, 'utf8');
  } catch (error) {
    const why = (error as NodeJS.ErrnoException).code ?? 'it cannot be read';
    throw new DestinationError('CertificateUnreadable', `ca_file of [list_bucket:${name}]: ${why}.`, 'late');
  }
}
