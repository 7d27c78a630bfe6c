import { randomUUID } from 'node:crypto';
import http from 'node:http';
import type { Socket } from 'node:net';
import type { Express } from 'express';
import type { Logger } from 'pino';
import {
  contentLengthNotInteger,
  headersTooLarge,
  malformedRequest,
  methodNotAllowed,
  requestTimeout,
  type ApiError,
} from '../errors.js';
import type { ClientMemory } from './client-memory.js';
import { renderErrorDocument } from './error-document.js';
import { createMemoryBudget } from './memory-budget.js';
import { pushGathering } from './merge-small-chunks.js';
import { createRequestQueue, endGently, type RequestQueue } from './request-queue.js';

/**
 * An HTTP server whose requests and responses are born with the application's own prototypes.
 *
 * Express calls setPrototypeOf on every request and response, which makes V8 give up on their shapes: 8,000-11,000
 * responses a second instead of 29,000-41,000 (one process, 300 bytes). Objects that already have the wanted prototype are
 * left alone. Subclasses, and not functions that call Node's constructors: V8 reserves the room of the properties for them, and
 * a request with its response is made in 0.7 µs instead of 1.8.
 *
 * @param app must not throw; if it does, the connection of the request is closed
 */
export function createServer(app: Express, options: ServerOptions = {}): http.Server {
  const { headersTimeout = 60_000, maxHeaderBytes = MAX_HEADER_BYTES, isLeaving = () => false, log } = options;
  class Request extends http.IncomingMessage {}
  class Response extends http.ServerResponse {}
  app.request = prototypeOf(Request, app.request);
  app.response = prototypeOf(Response, app.response);
  app.request.push = pushGathering;
  // Here and not when the request comes: work on a response may have begun before the server leaves.
  app.response.writeHead = function (this: http.ServerResponse, ...head: [number]) {
    if (isLeaving()) this.shouldKeepAlive = false;
    return http.ServerResponse.prototype.writeHead.apply(this, head);
  } as typeof app.response.writeHead;

  const queue = createRequestQueue({
    budget: options.memory?.requests ?? createMemoryBudget(Infinity),
    serve(req, res) {
      try {
        app(req, res);
      } catch (error) {
        log?.error({ err: error }, 'request failed');
        req.socket.destroy();
      }
    },
  });
  const server = http.createServer(
    {
      IncomingMessage: Request,
      ServerResponse: Response,
      keepAliveTimeout: 75_000,
      headersTimeout,
      maxHeaderSize: maxHeaderBytes,
      // How often the deadlines are looked at.
      connectionsCheckingInterval: Math.min(30_000, headersTimeout),
      // HTTP/1.1 requires Host. Node's own response without it has no error document, and only `location` uses it.
      requireHostHeader: false,
    },
    queue.take,
  );
  // An expectation that is not known may be ignored (RFC 9110, 10.1.1). Node's own 417 has no error document.
  server.on('checkExpectation', queue.take);
  server.on('clientError', (error: NodeJS.ErrnoException, socket: Socket) => {
    const isOfParser = error.code?.startsWith('HPE_') === true || error.code === 'ERR_HTTP_REQUEST_TIMEOUT';
    log?.debug({ client: socket.remoteAddress, code: error.code, reason: error.message }, 'bytes that are no request');
    if (isOfParser) reject(queue, socket, toApiError(error));
    else socket.destroy();
  });
  server.on('connect', (req: http.IncomingMessage, socket: Socket) => {
    // Node has taken its own listeners off; an error that is not listened to ends the process.
    socket.on('error', () => socket.destroy()).on('data', () => undefined);
    reject(queue, socket, methodNotAllowed(null), req.method);
  });
  return server;
}

/** What uWSGI in deployments of Placement takes; Node's own 16 KiB are too few for `member_of=in:` of 440 aggregates. */
const MAX_HEADER_BYTES = 65_536;

export interface ServerOptions {
  /** How long the headers of a request may take to arrive, in milliseconds. */
  readonly headersTimeout?: number;
  /** The largest request line and headers together; 64 KiB unless given. */
  readonly maxHeaderBytes?: number;
  /** While it returns true, every response has `connection: close`. */
  readonly isLeaving?: () => boolean;
  /** The budget for waiting requests; no bound unless given. */
  readonly memory?: Pick<ClientMemory, 'requests'>;
  readonly log?: Logger;
}

/** The prototype of a subclass of Node's class, with what Express adds between the two. */
function prototypeOf<T>(subclass: { readonly prototype: object }, ofExpress: T): T {
  return Object.setPrototypeOf(subclass.prototype, ofExpress as object) as T;
}

/**
 * Rejects what never becomes a request: what Node's parser does not understand, a method that it does not know among it.
 * The connection is closed, because nothing that follows can be trusted to begin where the client meant it to begin.
 */
function reject(queue: RequestQueue, socket: Socket, error: ApiError, method = ''): void {
  queue.break(socket, error, () => {
    if (socket.writable) endGently(socket, bytesOf(error, method));
    else socket.destroy();
  });
}

/** A whole response, with the error document every other error has. */
function bytesOf(error: ApiError, method: string): string {
  const requestId = `req-${randomUUID()}`;
  const context = { method, accept: undefined, requestId, showCode: false };
  const { status, contentType, body } = renderErrorDocument(error, context);
  return (
    `HTTP/1.1 ${status} ${http.STATUS_CODES[status] ?? ''}\r\n` +
    `content-type: ${contentType}\r\ncontent-length: ${Buffer.byteLength(body)}\r\n` +
    `x-openstack-request-id: ${requestId}\r\nconnection: close\r\n\r\n${body}`
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
