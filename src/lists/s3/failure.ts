import { DestinationError } from '../model.js';
import { child, parseXml } from '../xml/read.js';
import type { Keys } from './keys.js';
import type { S3Response } from './send.js';

/** A failed request: its error, and whether to send it again at once. */
export interface S3Failure {
  readonly error: DestinationError;
  /** Whether the cause may be over in a moment, so that the request is sent again. */
  readonly passing: boolean;
}

/** In characters. Texts of a store are cut to this length. */
const MAX_TEXT = 300;

/** Codes of responses with status 4xx to a correct request, for example after a broken transfer. */
const PASSING_CODES = new Set([
  'BadDigest',
  'IncompleteBody',
  'InvalidDigest',
  'OperationAborted',
  'RequestTimeout',
  'SlowDown',
  'XAmzContentSHA256Mismatch',
]);

/** The codes by status, for responses without a code. A response to HEAD has no body that could contain one. */
const CODES_OF_STATUS: Readonly<Record<number, string>> = {
  400: 'InvalidRequest',
  401: 'AccessDenied',
  403: 'AccessDenied',
  404: 'NotFound',
  405: 'MethodNotAllowed',
  411: 'MissingContentLength',
  413: 'EntityTooLarge',
  429: 'SlowDown',
  500: 'InternalError',
  501: 'NotImplemented',
  503: 'ServiceUnavailable',
};

/** Returns the failure for a response other than 2xx. It has the code and the text of the store, but no keys. */
export function failureOf(response: S3Response, what: string, keys: Keys): S3Failure {
  const { status } = response;
  if (status >= 300 && status < 400) return redirected(status, what);
  const { code, message } = readError(response.body.toString('utf8'));
  const name = code ?? CODES_OF_STATUS[status] ?? `HTTP${status}`;
  const passing = (status >= 500 && status !== 501) || status === 408 || status === 429 || PASSING_CODES.has(name);
  const text = message === '' ? `the store returns ${status}` : withoutKeys(message, keys);
  return { error: new DestinationError(name, `${what}: ${text}`, passing ? 'soon' : 'late'), passing };
}

/** Returns the failure when there is no response: the store is unavailable, or another server has its address. */
export function connectionFailure(error: NodeJS.ErrnoException, what: string): S3Failure {
  const code = error.code ?? '';
  // An operator has to repair certificates, so a retry in a minute would fail as well.
  const certificate = /CERT|SELF_SIGNED|UNABLE_TO_|ERR_TLS|ERR_SSL/.test(code);
  const why = printable(code === '' ? error.message : `${code}: ${error.message}`);
  return {
    error: new DestinationError(
      certificate ? 'CertificateRejected' : 'ConnectionFailed',
      `${what}: ${why}`,
      certificate ? 'late' : 'soon',
    ),
    passing: !certificate,
  };
}

function redirected(status: number, what: string): S3Failure {
  const text =
    `the store returns ${status} and names another address. Redirects are not followed: ` +
    'endpoint, region or addressing of the section has to change';
  return { error: new DestinationError('Redirected', `${what}: ${text}`, 'late'), passing: false };
}

function readError(body: string): { code: string | null; message: string } {
  try {
    const root = parseXml(body);
    const code = child(root, 'Code')?.text.trim() ?? '';
    return {
      code: /^[A-Za-z][A-Za-z0-9.]{0,63}$/.test(code) ? code : null,
      message: printable(child(root, 'Message')?.text ?? ''),
    };
  } catch {
    return { code: null, message: '' };
  }
}

function printable(text: string): string {
  return text
    .replace(/[^\x20-\x7e]+/g, ' ')
    .trim()
    .slice(0, MAX_TEXT);
}

/** Removes the keys from a text, because some stores repeat parts of the request. */
function withoutKeys(text: string, { access, secret }: Keys): string {
  return text.replaceAll(secret, '***').replaceAll(access, '***');
}
