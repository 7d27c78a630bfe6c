import { hexHash, hmac, isSame, type QueryParameter, type SignedRequest } from './signed-request.js';

/** The common part of the version 4 signatures of AWS and OSS. Only the names in them differ. */
export interface VersionFour {
  /** The first word of the header `authorization`. */
  readonly algorithm: string;
  /** The prefix of the secret in the derivation of the key. */
  readonly beforeSecret: string;
  /** The value of the header x-amz-date or x-oss-date. */
  readonly time: string;
  /** `DATE/REGION/SERVICE/TERMINATOR` */
  readonly scope: string;
  readonly path: string;
  /** Returns the canonical form of a parameter. @param raw the parameter as the client sent it */
  readonly parameter: (raw: string) => string;
  /** `name:value` of each header that is signed. */
  readonly headerLines: readonly string[];
  /** The list of headers in the canonical request. */
  readonly headerNames: string;
  readonly payload: string;
  readonly signature: string;
}

export function versionFour(
  { method, query }: SignedRequest,
  { algorithm, beforeSecret, time, scope, path, parameter, headerLines, headerNames, payload, signature }: VersionFour,
): { readonly stringToSign: string; readonly isSignedWith: (secret: string) => boolean } {
  const canonicalRequest = [
    method,
    path,
    sorted(query)
      .map(({ raw }) => parameter(raw))
      .join('&'),
    ...headerLines,
    '',
    headerNames,
    payload,
  ].join('\n');
  const stringToSign = [algorithm, time, scope, hexHash('sha256', canonicalRequest)].join('\n');
  return {
    stringToSign,
    isSignedWith(secret) {
      const first: string | Buffer = `${beforeSecret}${secret}`;
      const key = scope.split('/').reduce<string | Buffer>((parent, part) => hmac('sha256', parent, part), first);
      return isSame(hmac('sha256', key, stringToSign).toString('hex'), signature);
    },
  };
}

/** Sorts by the bytes of names, then of values. Both are still percent-encoded. */
function sorted(query: readonly QueryParameter[]): readonly QueryParameter[] {
  const parts = ({ raw }: QueryParameter): [string, string] => {
    const equals = raw.indexOf('=');
    return equals === -1 ? [raw, ''] : [raw.slice(0, equals), raw.slice(equals + 1)];
  };
  return query.toSorted((one, other) => {
    const [[name, value], [otherName, otherValue]] = [parts(one), parts(other)];
    return byBytes(name, otherName) || byBytes(value, otherValue);
  });
}

function byBytes(one: string, other: string): number {
  return one < other ? -1 : one > other ? 1 : 0;
}
