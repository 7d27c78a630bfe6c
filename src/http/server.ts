import { randomUUID } from 'node:crypto';
import http from 'node:http';
import type { Socket } from 'node:net';
import type { Express } from 'express';
import {
  contentLengthNotInteger,
  headersTooLarge,
  malformedRequest,
  requestTimeout,
  type ApiError,
} from '../errors.js';
import { renderProblem } from './problem.js';

/**
 * An HTTP server whose requests and responses are born with the application's own prototypes.
 *
 * Express calls setPrototypeOf on every request and response, which makes V8 give up on their shapes: 8,000-11,000
 * answers a second instead of 29,000-41,000 (one process, 300 bytes). Objects that already have the wanted prototype are
 * left alone. Plain constructor functions on purpose: a subclass is slower than nothing.
 *
 * @param isLeaving while it answers true, every answer says `connection: close`
 */
export function createServer(
  app: Express,
  deadlines: ServerDeadlines = {},
  isLeaving: () => boolean = () => false,
): http.Server {
  function Request(this: http.IncomingMessage, socket: Socket): void {
    (http.IncomingMessage as unknown as Callable).call(this, socket);
  }
  Request.prototype = app.request;
  function Response(this: http.ServerResponse, request: http.IncomingMessage, options: unknown): void {
    (http.ServerResponse as unknown as Callable).call(this, request, options);
  }
  Response.prototype = app.response;
  // Here and not when the request comes: an answer may have begun to be worked on before the server leaves.
  app.response.writeHead = function (this: http.ServerResponse, ...head: [number]) {
    if (isLeaving()) this.shouldKeepAlive = false;
    return http.ServerResponse.prototype.writeHead.apply(this, head);
  } as typeof app.response.writeHead;

  const server = http.createServer(
    {
      IncomingMessage: Request as unknown as typeof http.IncomingMessage,
      ServerResponse: Response as unknown as typeof http.ServerResponse,
      keepAliveTimeout: 75_000,
      headersTimeout: 60_000,
      ...deadlines,
      // How often the deadlines are looked at.
      connectionsCheckingInterval: Math.min(30_000, deadlines.headersTimeout ?? 30_000),
      // HTTP/1.1 wants a Host; what Node answers without one has no error document. Only `location` would use it.
      requireHostHeader: false,
    },
    app,
  );
  server.on('clientError', (error: ClientError, socket: Socket) => {
    if (error.code === 'HPE_INVALID_METHOD' && dispatchAnyway(app, error, socket)) return;
    answerClientError(error, socket);
  });
  return server;
}

/** In milliseconds. */
export interface ServerDeadlines {
  readonly headersTimeout?: number;
}

interface Callable {
  call(self: unknown, ...args: unknown[]): void;
}

interface ClientError extends NodeJS.ErrnoException {
  /** What had arrived when the parser gave up. */
  readonly rawPacket?: Buffer;
}

/**
 * Node's parser knows the methods there are and refuses others, but a made-up method is a 405 with `allow` (or a 401, or a
 * 404) like PATCH: such a request is taken apart here, when it has arrived whole, and goes the way of any other.
 */
function dispatchAnyway(app: Express, { rawPacket }: ClientError, socket: Socket): boolean {
  const [head, ...rest] = (rawPacket?.toString('latin1') ?? '').split('\r\n\r\n');
  const [requestLine = '', ...fields] = (head ?? '').split('\r\n');
  const [, method, url] = /^([!#$%&'*+.^_`|~\w-]+) (\/\S*) HTTP\/1\.[01]$/.exec(requestLine) ?? [];
  if (rest.length === 0 || method === undefined || url === undefined || !socket.writable) return false;
  const request = new http.IncomingMessage(socket);
  Object.assign(request, { method, url, complete: true, httpVersion: '1.1', httpVersionMajor: 1, httpVersionMinor: 1 });
  for (const field of fields) {
    const colon = field.indexOf(':');
    if (colon > 0) request.headers[field.slice(0, colon).toLowerCase()] = field.slice(colon + 1).trim();
  }
  const response = new http.ServerResponse(request);
  response.shouldKeepAlive = false;
  response.on('finish', () => socket.end());
  response.assignSocket(socket);
  app(request, response);
  return true;
}

/** Answers what Node's parser refuses before there is a request, with the document every other error has. */
function answerClientError(error: ClientError, socket: Socket): void {
  if (error.code === 'ECONNRESET' || !socket.writable) {
    socket.destroy();
    return;
  }
  const requestId = `req-${randomUUID()}`;
  const { status, contentType, body } = renderProblem(toApiError(error), {
    method: '',
    accept: undefined,
    requestId,
    showCode: false,
  });
  socket.end(
    `HTTP/1.1 ${status} ${http.STATUS_CODES[status] ?? ''}\r\n` +
      `content-type: ${contentType}\r\ncontent-length: ${Buffer.byteLength(body)}\r\n` +
      `x-openstack-request-id: ${requestId}\r\nconnection: close\r\n\r\n${body}`,
  );
}

function toApiError(error: NodeJS.ErrnoException): ApiError {
  switch (error.code) {
    case 'HPE_INVALID_CONTENT_LENGTH':
      return contentLengthNotInteger();
    case 'HPE_HEADER_OVERFLOW':
      return headersTooLarge();
    case 'ERR_HTTP_REQUEST_TIMEOUT':
      return requestTimeout();
    case undefined:
    default:
      return malformedRequest(error.message.replace(/^Parse Error: /, ''));
  }
}
