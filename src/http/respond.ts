import type { Request, Response } from 'express';
import type { Rejection } from '../auth/identity.js';
import type { Exchange, Sent } from './exchange.js';
import { dividedBody, sendLong, WHOLE_BYTES, writeTogether, type LongBody } from './long-body.js';
import { holdResponse, SEND_TIMEOUT_MS, type ClientMemory } from './client-memory.js';
import { prefixOf } from './forwarded.js';
import { renderErrorDocument } from './error-document.js';
import type { FileReply, Reply } from './route.js';
import { rangeNotSatisfiable, type ApiError } from '../errors.js';
import type { Slices } from '../event-loop.js';
import { isUnchanged, type StaticFile } from './static-pages.js';

type Headers = Record<string, string | number>;

/**
 * Sends the reply of a handler. Returns a promise when the body is sent in pieces. It calls `res.writeHead` and one `res.end`, because
 * `res.json` of Express takes twice the time.
 */
export function sendReply(
  req: Request,
  res: Response,
  exchange: Exchange,
  reply: Reply,
  { memory, slices }: { readonly memory: ClientMemory; readonly slices: Slices },
): Sent | Promise<Sent> {
  const { status, body } = reply;
  const headers = commonHeaders(exchange);
  Object.assign(headers, reply.headers);
  if (reply.location !== undefined) headers['location'] = absoluteUrl(req, exchange, reply.location);
  if (reply.modified !== undefined && exchange.version?.has('cacheHeaders') === true) {
    headers['cache-control'] = 'no-cache';
    if (reply.modified !== null) headers['last-modified'] = httpDate(reply.modified);
  }
  if (body === undefined) {
    if (status !== 204) headers['content-length'] = 0;
    res.writeHead(status, headers).end();
    return { status, length: 0 };
  }
  headers['content-type'] = 'application/json';
  const inPieces = async (long: LongBody): Promise<Sent> => {
    const head = (): void => void res.writeHead(status, headers);
    return { status, length: await sendLong(res, head, long, memory.responses, slices) };
  };
  if (typeof body === 'object' && 'pieces' in body) return inPieces(body);
  if (typeof body === 'object') {
    const length = body.reduce((sum, buffer) => sum + buffer.length, 0);
    headers['content-length'] = length;
    holdResponse(memory.responses, res, length);
    res.writeHead(status, headers);
    writeTogether(res, body);
    res.end();
    return { status, length };
  }
  headers['content-length'] = body.length;
  if (body.length > WHOLE_BYTES) return inPieces(dividedBody(body));
  holdResponse(memory.responses, res, body.length);
  // The JSON is ASCII (json.ts). With the encoding latin1, Node.js neither measures nor encodes it.
  res.writeHead(status, headers).end(body, 'latin1');
  return { status, length: body.length };
}

/**
 * Sends a file, or the range of it that the client asks for. `res.sendFile` of Express handles ranges and conditions.
 *
 * @param stalledMs how long a client may read no byte before the service closes its connection; the file is open until then
 */
export function sendFile(
  res: Response,
  exchange: Exchange,
  { path, contentType, etag }: FileReply['file'],
  stalledMs = SEND_TIMEOUT_MS,
): Promise<Sent> {
  res.setTimeout(stalledMs);
  const headers = { ...commonHeaders(exchange), 'content-type': contentType, etag, 'cache-control': 'no-cache' };
  return new Promise((resolve, reject) => {
    res.sendFile(path, { headers, cacheControl: false, dotfiles: 'allow' }, (error?: Error & { status?: number }) => {
      if (error === undefined || res.headersSent) {
        resolve({ status: res.statusCode, length: Number(res.getHeader('content-length') ?? 0) });
        return;
      }
      const range = res.getHeader('content-range');
      for (const name of res.getHeaderNames()) res.removeHeader(name);
      reject(error.status === 416 ? rangeNotSatisfiable(String(range)) : error);
    });
  });
}

export function sendError(req: Request, res: Response, exchange: Exchange, error: ApiError): Sent {
  const document = renderErrorDocument(error, {
    method: req.method,
    accept: req.headers.accept,
    requestId: exchange.requestId,
    showCode: exchange.version?.has('errorCodes') ?? false,
  });
  const headers = { ...commonHeaders(exchange), ...error.extra.headers };
  return send(res, document.status, document.contentType, document.body, headers);
}

/**
 * Sends an error as the response to a request whose handler will not respond, and closes the connection.
 *
 * @returns the request id; null when the pipeline has not seen the request yet
 */
export function sendLastError(res: Response, error: ApiError): string | null {
  const { req } = res;
  // `exchange` is undefined when the queue has just passed on the request and the pipeline has not seen it yet.
  const exchange = (req as { exchange?: Exchange }).exchange;
  if (exchange === undefined) return null;
  res.shouldKeepAlive = false;
  sendError(req, res, exchange, error);
  return exchange.requestId;
}

/** Sends the response of authentication, whose error document has another form (docs/contract/keystone-auth.md#responses). */
export function sendRejection(res: Response, exchange: Exchange, rejection: Rejection): Sent {
  return send(res, rejection.status, 'application/json', rejection.body, {
    ...commonHeaders(exchange),
    ...rejection.headers,
  });
}

/** Sends the response to OPTIONS when CORS is on: headers only, for any path, without a token. */
export function sendPreflight(res: Response, exchange: Exchange): Sent {
  res.writeHead(200, { ...commonHeaders(exchange), 'content-length': 0 }).end();
  return { status: 200, length: 0 };
}

/** Sends a file of a static page, or 304 when the client has it already. */
export function sendStaticFile(req: Request, res: Response, exchange: Exchange, file: StaticFile): Sent {
  const headers: Headers = {
    ...commonHeaders(exchange),
    etag: file.etag,
    'cache-control': 'no-cache',
    ...file.security,
  };
  if (file.location !== undefined) {
    res.writeHead(308, { ...headers, location: file.location, 'content-length': 0 }).end();
    return { status: 308, length: 0 };
  }
  if (isUnchanged(req.headers['if-none-match'], file)) {
    res.writeHead(304, headers).end();
    return { status: 304, length: 0 };
  }
  headers['content-type'] = file.contentType;
  headers['content-length'] = file.body.length;
  // Node leaves out the body of a response to HEAD.
  res.writeHead(200, headers).end(file.body);
  return { status: 200, length: file.body.length };
}

function commonHeaders(exchange: Exchange): Headers {
  const headers: Headers = { 'x-openstack-request-id': exchange.requestId };
  if (exchange.version !== null) {
    headers['openstack-api-version'] = `placement ${exchange.version.text}`;
    headers['vary'] = 'openstack-api-version';
  }
  if (exchange.cors !== null) {
    Object.assign(headers, exchange.cors);
    headers['vary'] = exchange.version === null ? 'Origin' : 'openstack-api-version,Origin';
  }
  return headers;
}

function send(res: Response, status: number, contentType: string, body: string, headers: Headers): Sent {
  const length = Buffer.byteLength(body);
  headers['content-type'] = contentType;
  headers['content-length'] = length;
  res.writeHead(status, headers).end(body);
  return { status, length };
}

/** Returns the URL: scheme, the host of the request without the default port of the scheme, prefix and path. */
function absoluteUrl(req: Request, exchange: Exchange, path: string): string {
  const scheme = exchange.forwarded?.scheme ?? ('encrypted' in req.socket ? 'https' : 'http');
  const defaultPort = scheme === 'https' ? ':443' : ':80';
  const host = exchange.forwarded?.host ?? req.headers.host ?? 'localhost';
  const authority = host.endsWith(defaultPort) ? host.slice(0, -defaultPort.length) : host;
  return `${scheme}://${authority}${prefixOf(req.baseUrl, exchange.forwarded)}${path}`;
}

let lastDate = { seconds: -1, text: '' };

/** Returns an HTTP date. Keeps the last one, because consecutive responses mostly show the same second. */
function httpDate(seconds: number): string {
  if (lastDate.seconds !== seconds) lastDate = { seconds, text: new Date(seconds * 1000).toUTCString() };
  return lastDate.text;
}

export function nowSeconds(): number {
  return Math.floor(Date.now() / 1000);
}
