import { STATUS_CODES } from 'node:http';
import type { Rejection } from '../../auth/identity.js';
import { ApiError } from '../../errors.js';
import { xml } from '../xml/write.js';
import type { Dialect } from './signature/signed-request.js';

/** A failure with the code and status of the object stores. */
export class DialectError extends Error {
  readonly status: number;
  readonly code: string;
  readonly headers: Readonly<Record<string, string>>;

  constructor(status: number, code: string, message: string, headers: Readonly<Record<string, string>> = {}) {
    super(message);
    this.status = status;
    this.code = code;
    this.headers = headers;
  }
}

export const invalidArgument = (message: string) => new DialectError(400, 'InvalidArgument', message);
export const malformedXml = (message: string) => new DialectError(400, 'MalformedXML', message);
export const accessDenied = (message: string) => new DialectError(403, 'AccessDenied', message);
export const noSuchBucket = (name: string) =>
  new DialectError(404, 'NoSuchBucket', `There is no source bucket called ${name}.`);
export const notImplemented = (what: string) =>
  new DialectError(501, 'NotImplemented', `${what} Only inventory configurations are served here.`);

/** The error for a request that the authentication of the native API rejects. */
export function rejected({ status, headers }: Rejection): DialectError {
  return status === 503
    ? new DialectError(503, 'ServiceUnavailable', 'Keystone cannot be asked at the moment. Please try again.', headers)
    : new DialectError(403, 'InvalidAccessKeyId', 'The access key is not known.');
}

/** The codes of each dialect for failures of this service. */
const CODES: Readonly<Record<string, Readonly<Record<Dialect, string>>>> = {
  'stockroom.lists.invalid': { s3: 'InvalidArgument', cos: 'InvalidArgument', oss: 'InvalidArgument' },
  'stockroom.lists.too_many': {
    s3: 'TooManyConfigurations',
    cos: 'TooManyConfigurations',
    oss: 'InventoryExceedLimit',
  },
  'stockroom.lists.exists': {
    s3: 'InventoryAlreadyExist',
    cos: 'InventoryAlreadyExist',
    oss: 'InventoryAlreadyExist',
  },
  'stockroom.lists.not_found': { s3: 'NoSuchConfiguration', cos: 'NoSuchConfiguration', oss: 'NoSuchInventory' },
  'stockroom.lists.running': { s3: 'OperationAborted', cos: 'OperationAborted', oss: 'OperationAborted' },
};

const CODES_OF_STATUS: Readonly<Record<number, string>> = {
  400: 'InvalidArgument',
  401: 'AccessDenied',
  403: 'AccessDenied',
  404: 'NoSuchKey',
  408: 'RequestTimeout',
  413: 'MaxMessageLengthExceeded',
  503: 'ServiceUnavailable',
};

/** Returns the error that a client of a dialect gets. Returns null for an unexpected failure of the service. */
export function toDialectError(error: unknown, dialect: Dialect): DialectError | null {
  if (error instanceof DialectError) return error;
  if (!(error instanceof ApiError)) return null;
  const code = CODES[error.code]?.[dialect] ?? CODES_OF_STATUS[error.status] ?? STATUS_CODES[error.status];
  const headers = error.extra.headers ?? {};
  return new DialectError(error.status, code?.replaceAll(/\W/g, '') ?? 'InternalError', error.message, headers);
}

/** The document of an error. */
export function renderError(
  { code, message }: Pick<DialectError, 'code' | 'message'>,
  resource: string,
  requestId: string,
): string {
  const body = [xml('Code', code), xml('Message', message), xml('Resource', resource), xml('RequestId', requestId)];
  return xml('Error', ...body).text;
}
