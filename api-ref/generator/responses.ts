import { STATUS_CODES } from 'node:http';
import type { Schema } from '../../src/http/validate.js';
import { closed, since } from '../../src/resources/shapes.js';

/** What more than one operation returns: headers and error documents. */

const text: Schema = { type: 'string' };
const headerRef = (name: string) => ({ $ref: `#/components/headers/${name}` });

export const headers = {
  RequestId: {
    description: 'A new id for each request; the log of the service knows it.',
    required: true,
    schema: { type: 'string', pattern: '^req-[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$' },
  },
  ApiVersion: {
    description:
      'The microversion that was used. Missing when the response came before it was known: 401, and 400 and 406 about itself.',
    schema: { type: 'string', pattern: '^placement 1\\.[0-9]+$' },
  },
  Vary: {
    description: '`openstack-api-version`, and `Origin` where pages of other origins may use the API.',
    schema: text,
  },
  Location: {
    description: 'Absolute URL of what was made or found.',
    required: true,
    schema: { type: 'string', pattern: '^https?://[^/]+/' },
  },
  CacheControl: {
    description: 'A response may be stored, but must be validated before use.',
    required: true,
    'x-openstack-min-version': '1.15',
    schema: { const: 'no-cache' },
  },
  LastModified: {
    description: 'When the resource was last changed; the time of the response where that is not recorded.',
    required: true,
    'x-openstack-min-version': '1.15',
    schema: { type: 'string', pattern: '^[A-Z][a-z]{2}, [0-9]{2} [A-Z][a-z]{2} [0-9]{4} [0-9:]{8} GMT$' },
  },
  LastModifiedOfSome: {
    description: 'When what is returned was last changed; missing when that is nothing.',
    'x-openstack-min-version': '1.15',
    schema: { type: 'string', pattern: '^[A-Z][a-z]{2}, [0-9]{2} [A-Z][a-z]{2} [0-9]{4} [0-9:]{8} GMT$' },
  },
  Allow: {
    description: 'The methods that this path has. Missing for a method that is newer than the version asked for.',
    schema: { type: 'string', pattern: '^[A-Z]+(, [A-Z]+)*$' },
  },
  Incomplete: {
    description:
      'The bound that ended the search before it had seen everything: there may be more than was found. Missing when all was seen, ' +
      'or as much as was asked for.',
    schema: { type: 'string', enum: ['steps', 'seconds', 'size'] },
  },
  RetryAfter: { description: 'Seconds after which to try again.', schema: { type: 'string', pattern: '^[0-9]+$' } },
  WwwAuthenticate: { description: 'Where to get a token; with Keystone only.', schema: text },
};

/** The headers of every response. */
export const commonHeaders = {
  'x-openstack-request-id': headerRef('RequestId'),
  'openstack-api-version': headerRef('ApiVersion'),
  vary: headerRef('Vary'),
};

const CODES = [
  'placement.undefined_code',
  'placement.concurrent_update',
  'placement.inventory.inuse',
  'placement.duplicate_name',
  'placement.resource_provider.inuse',
  'placement.resource_provider.cannot_delete_parent',
  'placement.resource_provider.not_found',
  'placement.query.duplicate_key',
  'placement.query.bad_value',
  'placement.query.missing_value',
  'stockroom.lists.invalid',
  'stockroom.lists.too_many',
  'stockroom.lists.not_found',
  'stockroom.lists.exists',
  'stockroom.lists.running',
  'stockroom.search_ended',
  'stockroom.changes.gone',
  'stockroom.orphans.implausible',
];

const error = closed(
  {
    status: { type: 'integer', minimum: 400, maximum: 599 },
    title: text,
    detail: text,
    code: since('errorCodes', { type: 'string', enum: CODES }),
    request_id: headers.RequestId.schema,
    max_version: { type: 'string', pattern: '^1\\.[0-9]+$' },
    min_version: { type: 'string', pattern: '^1\\.[0-9]+$' },
    oldest: text,
    now: text,
  },
  { optional: ['max_version', 'min_version', 'oldest', 'now'] },
);

export const schemas: Record<string, Schema> = {
  Errors: {
    description:
      'The document of errors, with one error in it. `max_version` and `min_version` are there when the microversion is not supported, `oldest` and `now` when a cursor is gone. ' +
      'What fails before the microversion is known has no `code`.',
    ...closed({ errors: { type: 'array', prefixItems: [error], items: false, minItems: 1 } }),
  },
  NotAdmitted: {
    description: 'Who is not let in gets a document of another form: with Keystone the first one.',
    oneOf: [
      closed({ error: closed({ code: { const: 401 }, title: text, message: text }) }),
      closed({ code: { enum: ['401 Unauthorized', '503 Service Unavailable'] }, title: text, message: text }),
    ],
  },
};

const ERRORS: Record<string, Schema> = {
  // Browsers and others who prefer it get errors as a page or as text.
  'application/json': { schema: { $ref: '#/components/schemas/Errors' } },
  'text/html': { schema: text },
  'text/plain': { schema: text },
};
const NOT_ADMITTED: Schema = { $ref: '#/components/schemas/NotAdmitted' };

interface ErrorResponse {
  readonly status: number;
  readonly description: string;
  readonly content?: Schema;
  readonly headers?: Schema;
}

const errors: Record<string, ErrorResponse> = {
  BadRequest: { status: 400, description: 'The request is malformed.' },
  Unauthorized: {
    status: 401,
    description: 'There is no token, or it is not valid.',
    content: { 'application/json': { schema: NOT_ADMITTED } },
    headers: { 'www-authenticate': headerRef('WwwAuthenticate') },
  },
  CredentialsRejected: { status: 401, description: 'Keystone rejects the credentials.' },
  Forbidden: { status: 403, description: 'The policy does not allow it.' },
  NotFound: { status: 404, description: 'There is nothing at this path.' },
  MethodNotAllowed: {
    status: 405,
    description: 'This path does not have this method.',
    headers: { allow: headerRef('Allow') },
  },
  NotAcceptable: {
    status: 406,
    description: 'The microversion is not supported, or the client does not accept application/json.',
  },
  RequestTimeout: { status: 408, description: 'The request did not arrive in time.' },
  Conflict: { status: 409, description: 'What is there contradicts the request.' },
  Gone: { status: 410, description: 'This part of the history is no longer kept.' },
  BodyTooLarge: { status: 413, description: 'The body is larger than `[stockroom] max_request_body`.' },
  UnsupportedMediaType: { status: 415, description: 'The content type of the body is not application/json.' },
  RangeNotSatisfiable: { status: 416, description: 'No byte of the range is in the file.' },
  TooManyRequests: {
    status: 429,
    description: 'There were too many requests in a short time.',
    headers: { 'retry-after': headerRef('RetryAfter') },
  },
  HeadersTooLarge: { status: 431, description: 'The request line and headers are too large.' },
  InternalError: { status: 500, description: 'A fault of the service; its log has it under the id of the request.' },
  Unavailable: {
    status: 503,
    description: 'The database or Keystone cannot be reached at the moment.',
    content: {
      ...ERRORS,
      'application/json': { schema: { oneOf: [{ $ref: '#/components/schemas/Errors' }, NOT_ADMITTED] } },
    },
    headers: { 'retry-after': headerRef('RetryAfter') },
  },
};

/** @param example an error document for a status, if there is one to show */
export function responses(example: (status: number) => unknown): Record<string, object> {
  const entries = Object.entries(errors).map(([name, { status, description, headers: own = {}, content = ERRORS }]) => {
    const shown = example(status);
    const json = { ...(content['application/json'] as object), ...(shown === undefined ? {} : { example: shown }) };
    const response = {
      description,
      headers: { ...commonHeaders, ...own },
      content: { ...content, 'application/json': json },
    };
    return [name, response] as const;
  });
  return Object.fromEntries([...entries, ['Preflight', preflight]]);
}

const preflight = {
  description:
    'What a browser asks before a page of another origin may do something; with `[cors] allowed_origin` only.',
  headers: { 'x-openstack-request-id': headerRef('RequestId'), vary: headerRef('Vary') },
};

/** `{ $ref }` to the response of an error status, with what it means here in place of the general description. */
export function errorResponse(status: number, description?: string, name = nameOf(status)): Schema {
  if (name === undefined) throw new Error(`no response for status ${status} (${STATUS_CODES[status] ?? '?'})`);
  return { $ref: `#/components/responses/${name}`, ...(description === undefined ? {} : { description }) };
}

function nameOf(status: number): string | undefined {
  return Object.entries(errors).find(([, one]) => one.status === status)?.[0];
}

/** What a path returns whatever the method, and a path that there is not. */
export const ANY_PATH = [400, 401, 404, 405, 406, 408, 431, 500, 503];
