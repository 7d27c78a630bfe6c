import { createHash, createHmac, timingSafeEqual } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';

/** The dialect of a client. The kind of its signature decides it. */
export type Dialect = 's3' | 'oss' | 'cos';

/** A query parameter: as the client sent it, and decoded. */
export interface QueryParameter {
  readonly raw: string;
  readonly name: string;
  /** Empty when there is no `=`. */
  readonly value: string;
}

/** A request as the client signed it, before anything is normalised. */
export interface SignedRequest {
  readonly method: string;
  /** Still percent-encoded, without the query. */
  readonly rawPath: string;
  readonly query: readonly QueryParameter[];
  readonly headers: IncomingHttpHeaders;
  /** The bucket in the host or the path. The name of the source when they name none. */
  readonly bucket: string;
}

/** The identity that a client claims, and how to verify it. */
export interface RequestSignature {
  readonly dialect: Dialect;
  readonly accessKey: string;
  /** Milliseconds since the epoch. */
  readonly signedAt: number;
  /** When the signature expires, in milliseconds since the epoch. Null for a kind of signature without this time. */
  readonly expiresAt: number | null;
  /** The text that was signed, and the signature, for Keystone to check. Null for a kind of signature that Keystone does not know. */
  readonly forKeystone: { readonly stringToSign: string; readonly signature: string } | null;
  isSignedWith(secret: string): boolean;
  /** Whether the signature covers the value of a query parameter. */
  coversParameter(name: string): boolean;
  /**
   * How the signature covers the body: by its SHA-256 in lower-case hex, or with `md5` by the header content-md5. Null when it does not.
   */
  readonly body: { readonly sha256: string } | 'md5' | null;
}

/** The header does not have the form of its kind of signature. */
export class MalformedAuthorization extends Error {}

export function hmac(algorithm: 'sha1' | 'sha256', key: string | Buffer, text: string): Buffer {
  return createHmac(algorithm, key).update(text).digest();
}

export function hexHash(algorithm: 'sha1' | 'sha256', text: string): string {
  return createHash(algorithm).update(text).digest('hex');
}

/** Compares in constant time. */
export function isSame(one: string, other: string): boolean {
  const [left, right] = [Buffer.from(one), Buffer.from(other)];
  return left.length === right.length && timingSafeEqual(left, right);
}

/**
 * Returns the names in a list of a signature. The text that is signed has the value of the header or parameter for each name. With
 * repeated names, a request of 64 KiB would cause a text of 500 MB before the service has identified its sender.
 *
 * @throws MalformedAuthorization for a name that occurs twice
 */
export function signedNames(list: string): string[] {
  const names = list.split(';').filter(Boolean);
  if (new Set(names).size === names.length) return names;
  throw new MalformedAuthorization('The header authorization names a header or parameter twice.');
}

/** Returns a header as one text. When the client sent the header several times, its values are joined by commas. */
export function headerOf(headers: IncomingHttpHeaders, name: string): string {
  const value = headers[name];
  return (Array.isArray(value) ? value.join(',') : (value ?? '')).trim();
}

/** `20261126T030405Z` in milliseconds since the epoch; NaN for anything else. */
export function basicTime(text: string): number {
  const [, year, month, day, hour, minute, second] = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/.exec(text) ?? [];
  return Date.parse(`${year ?? ''}-${month ?? ''}-${day ?? ''}T${hour ?? ''}:${minute ?? ''}:${second ?? ''}Z`);
}
