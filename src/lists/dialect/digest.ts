import { createHash } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import { accessDenied, DialectError } from './error.js';
import { headerOf, type RequestSignature } from './signature/signed-request.js';

/**
 * Compares a body with its digests in the request: the header content-md5, and the digest that the signature covers.
 *
 * @param isTrusted whether the body cannot have been changed on its way, or whether such a change does not matter
 * @throws DialectError
 */
export function checkBody(
  body: Buffer,
  headers: IncomingHttpHeaders,
  signed: RequestSignature,
  isTrusted: boolean,
): void {
  const md5 = headerOf(headers, 'content-md5');
  if (md5 !== '' && md5 !== createHash('md5').update(body).digest('base64')) {
    const code = signed.dialect === 'oss' ? 'InvalidDigest' : 'BadDigest';
    throw new DialectError(400, code, 'The body does not fit the header content-md5.');
  }
  if (signed.body !== null && signed.body !== 'md5') {
    if (signed.body.sha256 === createHash('sha256').update(body).digest('hex')) return;
    const header = signed.dialect === 'oss' ? 'x-oss-content-sha256' : 'x-amz-content-sha256';
    throw new DialectError(400, 'XAmzContentSHA256Mismatch', `The body does not fit the header ${header}.`);
  }
  if (signed.body === null && body.length > 0 && !isTrusted) {
    throw accessDenied(
      'The signature does not cover the body. Send the header content-md5, signed, or use TLS in front of this service.',
    );
  }
}
