import { createHash, createHmac, timingSafeEqual } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';

/** The dialect of a client, by its signature. */
export type Dialect = 's3' | 'oss' | 'cos';

/** A query parameter as it was sent, and decoded. */
export interface QueryParameter {
  readonly raw: string;
  readonly name: string;
  /** Empty when there is no `=`. */
  readonly value: string;
}

/** A request as its signature sees it: as it was sent, before anything is normalised. */
export interface SignedRequest {
  readonly method: string;
  /** Still percent-encoded, without the query. */
  readonly rawPath: string;
  readonly query: readonly QueryParameter[];
  readonly headers: IncomingHttpHeaders;
  /** The bucket in the host or path, or the source where there is none. */
  readonly bucket: string;
}

/** The identity that a client claims, and how to verify it. */
export interface RequestSignature {
  readonly dialect: Dialect;
  readonly accessKey: string;
  /** Milliseconds since the epoch. */
  readonly signedAt: number;
  /** When the signature says that it ends; null for a kind that does not. */
  readonly expiresAt: number | null;
  /** What Keystone can check: the text that was signed, and the signature. Null for a kind that Keystone does not know. */
  readonly forKeystone: { readonly stringToSign: string; readonly signature: string } | null;
  isSignedWith(secret: string): boolean;
  /** Whether the value of a query parameter cannot change without the signature changing. */
  coversParameter(name: string): boolean;
  /**
   * How the signature covers the body: by its SHA-256 in lower-case hex; `md5`: by the header content-md5; null: not at all.
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
 * The names in a list that a signature covers. Each name brings the value of its header or parameter into the text that is signed:
 * with names that repeat, a request of 64 KiB makes a text of 500 MB before anything is known of its sender.
 *
 * @throws MalformedAuthorization for a name that is there twice
 */
export function signedNames(list: string): string[] {
  const names = list.split(';').filter(Boolean);
  if (new Set(names).size === names.length) return names;
  throw new MalformedAuthorization('The header authorization names a header or parameter twice.');
}

/** A header as one text; the values of one that was sent several times are joined by commas. */
export function headerOf(headers: IncomingHttpHeaders, name: string): string {
  const value = headers[name];
  return (Array.isArray(value) ? value.join(',') : (value ?? '')).trim();
}

/** `20261126T030405Z` in milliseconds since the epoch; NaN for anything else. */
export function basicTime(text: string): number {
  const [, year, month, day, hour, minute, second] = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/.exec(text) ?? [];
  return Date.parse(`${year ?? ''}-${month ?? ''}-${day ?? ''}T${hour ?? ''}:${minute ?? ''}:${second ?? ''}Z`);
}
