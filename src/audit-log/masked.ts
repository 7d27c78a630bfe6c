/**
 * Keeps tokens out of lines. No route takes a token in its URL, but a client may put one anywhere, and a line of the audit log is kept for
 * years.
 */

/** Both kinds of tokens that Keystone issues begin with a fixed text (docs/contract/audit-and-orphans.md#tokens). */
const TOKEN = /(?:gAAAA|eyJ)[\w.%=-]{16,}/g;

/** The names of parameters that are masked. No route reads a parameter with such a name. */
const SECRET_NAME = /token|signature|password|secret|credential|authorization/i;

/** Keystone issues no shorter tokens, and a shorter secret would match ordinary words. */
const SHORTEST_SECRET = 20;

const MASK = '***';

/** Masks the parts of a text that look like tokens. */
export function withoutTokens(text: string): string {
  return text.includes('gAAAA') || text.includes('eyJ') ? text.replaceAll(TOKEN, MASK) : text;
}

/**
 * Masks the parts of a text of a request that look like tokens, and the secrets of its headers.
 *
 * @param secrets the values of headers with credentials
 */
export function withoutSecrets(text: string, secrets: readonly string[]): string {
  const own = secrets.filter(({ length }) => length >= SHORTEST_SECRET);
  const mask = (one: string): string => withoutTokens(own.reduce((rest, secret) => rest.replaceAll(secret, MASK), one));
  const masked = mask(text);
  const plain = decoded(masked);
  return mask(plain) === plain ? masked : MASK;
}

/**
 * Masks secrets in the path and query of a request, with any percent-encoding. Also masks the values of parameters whose name means a
 * secret.
 */
export function maskedPath(url: string, secrets: readonly string[]): string {
  if (!url.includes('%') && !SECRET_NAME.test(url)) return withoutSecrets(url, secrets);
  let isSecret = false;
  const masked = url
    .split(/([/?&=;,])/)
    .map((piece, at, pieces) => {
      if (at % 2 === 1) return piece;
      if (isSecret && pieces[at - 1] !== '&') return piece === '' ? '' : MASK;
      isSecret = pieces[at + 1] === '=' && SECRET_NAME.test(decoded(piece));
      return withoutSecrets(piece, secrets);
    })
    .join('');
  // A secret that contains a delimiter is in several pieces, so the whole text is masked as well.
  return withoutSecrets(masked, secrets);
}

/** Decodes up to three times. Decodes only ASCII, because tokens are ASCII, and the rest may be invalid. */
function decoded(text: string): string {
  let value = text;
  for (let attempt = 0; attempt < 3 && value.includes('%'); attempt++) {
    value = value.replaceAll(/%([0-7][\da-f])/gi, (_, code: string) => String.fromCharCode(parseInt(code, 16)));
  }
  return value;
}
