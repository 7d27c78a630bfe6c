import {
  headerOf,
  hexHash,
  hmac,
  isSame,
  MalformedAuthorization,
  signedNames,
  type RequestSignature,
  type SignedRequest,
} from './signed-request.js';

/**
 * Reads the signature of COS, which names the headers and parameters that it covers:
 * `q-sign-algorithm=sha1&q-ak=...&q-sign-time=...&q-key-time=...&q-header-list=...&q-url-param-list=...&q-signature=...`.
 *
 * @throws MalformedAuthorization
 */
export function readCos(authorization: string, { method, rawPath, query, headers }: SignedRequest): RequestSignature {
  const fields = new Map(
    authorization.split('&').map((field): [string, string] => {
      const equals = field.indexOf('=');
      return [field.slice(0, equals), field.slice(equals + 1)];
    }),
  );
  const field = (name: string): string => fields.get(name) ?? '';
  const [accessKey, signature] = [field('q-ak'), field('q-signature')];
  const [signTime, keyTime] = [field('q-sign-time'), field('q-key-time')];
  const [start, end] = (/^(\d{1,12});(\d{1,12})$/.exec(signTime) ?? []).slice(1).map(Number);
  if (field('q-sign-algorithm') !== 'sha1' || accessKey === '' || !/^[0-9a-f]{40}$/.test(signature)) {
    throw new MalformedAuthorization('The header authorization does not have the form q-sign-algorithm=sha1&q-ak=...');
  }
  if (start === undefined || end === undefined || keyTime !== signTime) {
    throw new MalformedAuthorization('q-sign-time and q-key-time are not the same START;END in seconds.');
  }
  const listed = (name: string): string[] => signedNames(field(name));
  const [headerNames, parameterNames] = [listed('q-header-list'), listed('q-url-param-list')];
  const parameters = new Map(query.map(({ name, value }) => [name.toLowerCase(), value]));
  const pairs = (names: readonly string[], valueOf: (name: string) => string): string =>
    names.map((name) => `${encoded(name)}=${encoded(valueOf(name))}`).join('&');
  const formatString = [
    method.toLowerCase(),
    decodedPath(rawPath),
    pairs(parameterNames, (name) => parameters.get(name) ?? ''),
    pairs(headerNames, (name) => headerOf(headers, name)),
    '',
  ].join('\n');
  const stringToSign = ['sha1', signTime, hexHash('sha1', formatString), ''].join('\n');
  return {
    dialect: 'cos',
    accessKey,
    signedAt: start * 1000,
    expiresAt: end * 1000,
    forKeystone: null,
    isSignedWith(secret) {
      const key = hmac('sha1', secret, keyTime).toString('hex');
      return isSame(hmac('sha1', key, stringToSign).toString('hex'), signature);
    },
    coversParameter: (name) => parameterNames.includes(name.toLowerCase()),
    body: headerNames.includes('content-md5') && headers['content-md5'] !== undefined ? 'md5' : null,
  };
}

/** Percent-encodes all characters but the unreserved ones. */
function encoded(text: string): string {
  return encodeURIComponent(text).replace(
    /[!'()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}

function decodedPath(rawPath: string): string {
  try {
    return decodeURIComponent(rawPath);
  } catch {
    return rawPath;
  }
}
