import { Rejection, type Authenticate, type Identity } from '../../auth/identity.js';
import type { KeysFile } from './keys-file.js';
import { accessDenied, DialectError, rejected } from './error.js';
import type { RequestSignature } from './signature/signed-request.js';

/** Asks Keystone whether a signature was made with the secret of an access key. Returns null when it was not. @param client the sender's address */
export type CheckSignature = (
  accessKey: string,
  stringToSign: string,
  signature: string,
  client: string,
) => Promise<Identity | Rejection | null>;

export interface IdentifyOptions {
  /** Null without `[stockroom] lists_s3_keys_file`. */
  readonly keysFile: KeysFile | null;
  /** How the service checks access keys that are not in the file: noauth2 trusts them like a token, or Keystone checks the signature. */
  readonly strategy: { readonly noauth2: Authenticate } | { readonly checkSignature: CheckSignature };
}

export interface Identified {
  readonly identity: Identity;
  /** Whether the signature was verified. */
  readonly isProved: boolean;
}

const MAX_SKEW_MS = 15 * 60_000;

/**
 * Identifies the sender of a request by its signature. This also verifies the data that the signature covers. digest.ts compares the body
 * later.
 *
 * @param client the address of the sender
 * @throws DialectError 403, or 503 when Keystone is unavailable
 */
export async function identify(
  signed: RequestSignature,
  client: string,
  { keysFile, strategy }: IdentifyOptions,
): Promise<Identified> {
  const key = await keysFile?.find(signed.accessKey);
  if (key !== null && key !== undefined) {
    checkTime(signed);
    if (signed.isSignedWith(key.secret)) return { identity: key.identity, isProved: true };
    throw signatureDoesNotMatch('The signature does not fit the request and the secret of this access key.');
  }
  if ('noauth2' in strategy) {
    const admission = await strategy.noauth2({ 'x-auth-token': signed.accessKey }, '', '', '');
    if (admission instanceof Rejection) throw rejected(admission);
    return { identity: admission, isProved: false };
  }
  if (signed.forKeystone === null) {
    if (keysFile !== null) throw unknownKey();
    throw accessDenied(
      'Keystone cannot check this kind of signature: it checks AWS Signature Version 4 and OSS signature version 1. ' +
        'Other kinds need a key in [stockroom] lists_s3_keys_file.',
    );
  }
  checkTime(signed);
  const { stringToSign, signature } = signed.forKeystone;
  const response = await strategy.checkSignature(signed.accessKey, stringToSign, signature, client);
  if (response instanceof Rejection) throw rejected(response);
  if (response !== null) return { identity: response, isProved: true };
  throw signatureDoesNotMatch('Keystone does not know the access key, or the signature is not of its secret.');
}

function checkTime({ signedAt, expiresAt }: RequestSignature): void {
  const now = Date.now();
  if (expiresAt !== null && expiresAt < now) throw accessDenied('The signature has expired.');
  if (Math.abs(now - signedAt) <= MAX_SKEW_MS) return;
  const minutes = Math.round(Math.abs(now - signedAt) / 60_000);
  throw new DialectError(
    403,
    'RequestTimeTooSkewed',
    `The request was signed ${minutes} minutes ${signedAt < now ? 'ago' : 'in the future'}; at most 15 minutes are accepted.`,
  );
}

function unknownKey(): DialectError {
  return new DialectError(403, 'InvalidAccessKeyId', 'The access key is not known.');
}

function signatureDoesNotMatch(message: string): DialectError {
  return new DialectError(403, 'SignatureDoesNotMatch', message);
}
