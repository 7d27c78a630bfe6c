import { STATUS_CODES } from 'node:http';
import type { ApiError } from '../errors.js';
import { acceptedQuality } from './accept.js';
import { toJson } from './json.js';

/**
 * The error document (docs/contract/errors.md#document). Its `detail` begins with the explanation of the status and ends with the
 * message on one line, because the `openstack` command line shows only the text after the last newline.
 */

const EXPLANATIONS: Record<number, string> = {
  400: 'The server could not comply with the request since it is either malformed or otherwise incorrect.',
  401: 'This server could not verify that you are authorized to access the document you requested.',
  403: 'Access was denied to this resource.',
  404: 'The resource could not be found.',
  408: 'The server has waited too long for the request to be sent by the client.',
  409: 'There was a conflict when trying to complete your request.',
  410: 'This part of the history is no longer kept.',
  413: 'The body of your request was too large for this server.',
  416: 'The requested range is not in the resource.',
  429: 'There were too many requests in a short time.',
  431: 'The headers of your request were too large for this server.',
  500: 'The server has either erred or is incapable of performing the requested operation.',
  503: 'The server is currently unavailable. Please try again at a later time.',
};

export interface ErrorDocument {
  readonly status: number;
  readonly contentType: string;
  readonly body: string;
}

/** The data of the request that the error document depends on. */
export interface ErrorContext {
  readonly method: string;
  readonly accept: string | undefined;
  readonly requestId: string;
  /** Whether the document has `code`: from 1.23 on, and only when the version of the request is known. */
  readonly showCode: boolean;
}

/** Renders an error as JSON, HTML or plain text, as the client prefers. When the client accepts HTML and JSON alike, it is HTML, as upstream. */
export function renderErrorDocument(error: ApiError, context: ErrorContext): ErrorDocument {
  const title = STATUS_CODES[error.status] ?? 'Error';
  const detail = detailOf(error, context);
  const type = preferredType(context.accept);
  if (type === 'html') {
    const [explanation = '', ...rest] = detail.split('\n\n');
    const body =
      `<html>\n <head>\n  <title>${error.status} ${title}</title>\n </head>\n <body>\n  <h1>${error.status} ${title}</h1>\n` +
      `  ${escapeHtml(explanation)}<br /><br />\n${escapeHtml(rest.join(' ').trim())}\n\n </body>\n</html>`;
    return { status: error.status, contentType: 'text/html; charset=UTF-8', body };
  }
  if (type === 'text') {
    const body = `${error.status} ${title}\n\n${detail}`;
    return { status: error.status, contentType: 'text/plain; charset=UTF-8', body };
  }
  const document = {
    status: error.status,
    title,
    detail,
    ...(context.showCode ? { code: error.code } : {}),
    request_id: context.requestId,
    ...error.extra.members,
  };
  return { status: error.status, contentType: 'application/json', body: toJson({ errors: [document] }) };
}

function detailOf(error: ApiError, { method, accept }: ErrorContext): string {
  const message = oneLine(error.message);
  switch (error.status) {
    case 405:
      return `The method ${method} is not allowed for this resource. \n\n ${message}`;
    case 406:
      return (
        'The resource could not be generated that was acceptable to your browser ' +
        `(content of type ${accept === undefined || accept === '*/*' ? 'application/json' : accept}. \n\n ${message}`
      );
    case 415:
      return `The request media type ${error.extra.mediaType ?? 'None'} is not supported by this server. \n\n ${message}`;
    default:
      return `${EXPLANATIONS[error.status] ?? ''}\n\n ${message}  `;
  }
}

/**
 * Makes text of a client safe, as upstream does: newlines become spaces, and HTML tags are removed. It also replaces lone
 * surrogates, because strict JSON parsers reject them.
 */
function oneLine(message: string): string {
  return message
    .toWellFormed()
    .replace(/[\r\n]+/g, ' ')
    .replace(/<[^>]{1,200}>/g, '');
}

function preferredType(accept: string | undefined): 'json' | 'html' | 'text' {
  if (accept === undefined || accept === '' || accept === '*/*' || accept === 'application/json') return 'json';
  const html = acceptedQuality(accept, 'text/html');
  const json = acceptedQuality(accept, 'application/json');
  if (html > 0 && html >= json) return 'html';
  return json > 0 ? 'json' : 'text';
}

function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}
