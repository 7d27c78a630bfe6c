import { DestinationError } from '../model.js';
import { child, parseXml } from '../xml/read.js';
import type { Keys } from './keys.js';
import type { S3Response } from './send.js';

/** A failed request: its error, and whether to send it again at once. */
export interface S3Failure {
  readonly error: DestinationError;
  /** The store may be well again in a moment. */
  readonly passing: boolean;
}

/** The longest text of a store that is passed on, in characters. */
const MAX_TEXT = 300;

/** Codes of a 4xx that says that the request went wrong on its way, not that it is wrong. */
const PASSING_CODES = new Set([
  'BadDigest',
  'IncompleteBody',
  'InvalidDigest',
  'OperationAborted',
  'RequestTimeout',
  'SlowDown',
  'XAmzContentSHA256Mismatch',
]);

/** HEAD has no body that could name a code. */
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

/** The failure behind a response other than 2xx, with the store's own code and text, but without keys. */
export function failureOf(response: S3Response, what: string, keys: Keys): S3Failure {
  const { status } = response;
  if (status >= 300 && status < 400) return redirected(status, what);
  const { code, message } = readError(response.body.toString('utf8'));
  const name = code ?? CODES_OF_STATUS[status] ?? `HTTP${status}`;
  const passing = (status >= 500 && status !== 501) || status === 408 || status === 429 || PASSING_CODES.has(name);
  const text = message === '' ? `the store returns ${status}` : withoutKeys(message, keys);
  return { error: new DestinationError(name, `${what}: ${text}`, passing ? 'soon' : 'late'), passing };
}

/** No response: the store is away, or it is not the one that is meant. */
export function connectionFailure(error: NodeJS.ErrnoException, what: string): S3Failure {
  const code = error.code ?? '';
  // An operator has to mend certificates; waiting for a minute does not.
  const certificate = /CERT|SELF_SIGNED|UNABLE_TO_|ERR_TLS|ERR_SSL/.test(code);
  const why = printable(code === '' ? error.message : `${code}: ${error.message}`);
  return {
    error: new DestinationError(
      certificate ? 'CertificateRefused' : 'ConnectionFailed',
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

/** Some stores repeat what they were sent. */
function withoutKeys(text: string, { access, secret }: Keys): string {
  return text.replaceAll(secret, '***').replaceAll(access, '***');
}
