import type { Request, Response } from 'express';
import type { Refusal } from '../auth/identity.js';
import type { CorsHeaders } from './cors.js';
import { CONTENT_SECURITY_POLICY, isUnchanged, type DocsPage } from './docs.js';
import { dividedBody, sendLong, WHOLE_BYTES } from './long-body.js';
import { holdResponse, type Memory } from './memory.js';
import { prefixOf, type Forwarded } from './forwarded.js';
import type { Version } from './microversions.js';
import { renderProblem } from './problem.js';
import type { FileReply, Reply } from './route.js';
import { rangeNotSatisfiable, type ApiError } from '../errors.js';
import type { Slices } from '../rounds.js';

/** What is known of a request so far; a response carries as much of it as there is. */
export interface Exchange {
  readonly requestId: string;
  /** Null until the version has been negotiated. */
  version: Version | null;
  /** Null unless a page of another origin asks, and may read the answer. */
  readonly cors: CorsHeaders | null;
  /** Null unless the headers of a proxy are to be believed. */
  readonly forwarded: Forwarded | null;
}

/** What was sent, for the log. */
interface Answered {
  readonly status: number;
  readonly length: number;
}

type Headers = Record<string, string | number>;

/**
 * Sends the response of a handler, and returns the length of its body; a promise when it is sent in pieces. `res.writeHead` and
 * one `res.end`: Express's own `res.json` costs twice as much.
 */
export function sendReply(
  req: Request,
  res: Response,
  exchange: Exchange,
  reply: Reply,
  { memory, slices }: { readonly memory: Memory; readonly slices: Slices },
): number | Promise<number> {
  const { body } = reply;
  const headers = commonHeaders(exchange);
  Object.assign(headers, reply.headers);
  if (reply.location !== undefined) headers['location'] = absoluteUrl(req, exchange, reply.location);
  if (reply.modified !== undefined && exchange.version?.has('cacheHeaders') === true) {
    headers['cache-control'] = 'no-cache';
    if (reply.modified !== null) headers['last-modified'] = httpDate(reply.modified);
  }
  if (body === undefined) {
    if (reply.status !== 204) headers['content-length'] = 0;
    res.writeHead(reply.status, headers).end();
    return 0;
  }
  headers['content-type'] = 'application/json';
  const head = (): void => void res.writeHead(reply.status, headers);
  if (typeof body === 'object' && 'pieces' in body) return sendLong(res, head, body, memory.responses, slices);
  headers['content-length'] = body.length;
  if (body.length > WHOLE_BYTES) return sendLong(res, head, dividedBody(body), memory.responses, slices);
  holdResponse(memory.responses, res, body.length);
  // JSON is ASCII here (json.ts): said as latin1 it is neither measured nor encoded.
  res.writeHead(reply.status, headers).end(body, 'latin1');
  return body.length;
}

/** Sends a file, or the part of it that is asked for. Express' own function knows ranges and conditions. */
export function sendFile(
  res: Response,
  exchange: Exchange,
  { path, contentType, etag }: FileReply['file'],
): Promise<Answered> {
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

export function sendError(req: Request, res: Response, exchange: Exchange, error: ApiError): number {
  const problem = renderProblem(error, {
    method: req.method,
    accept: req.headers.accept,
    requestId: exchange.requestId,
    showCode: exchange.version?.has('errorCodes') ?? false,
  });
  const headers = { ...commonHeaders(exchange), ...error.extra.headers };
  return send(res, problem.status, problem.contentType, problem.body, headers);
}

/**
 * Sends an error in the place of a handler that will not, and closes the connection.
 *
 * @returns the request id; null when the request is not known yet
 */
export function sendLastError(res: Response, error: ApiError): string | null {
  const { req } = res;
  // The pipeline has not seen a request whose turn has just come.
  const exchange = (req as { exchange?: Exchange }).exchange;
  if (exchange === undefined) return null;
  res.shouldKeepAlive = false;
  sendError(req, res, exchange, error);
  return exchange.requestId;
}

/** Who is not let in gets a document of another form (docs/contract/keystone-auth.md#responses). */
export function sendRefusal(res: Response, exchange: Exchange, refusal: Refusal): number {
  return send(res, refusal.status, 'application/json', refusal.body, {
    ...commonHeaders(exchange),
    ...refusal.headers,
  });
}

/** The answer to OPTIONS where CORS is on: nothing but headers, for whatever path, without a token. */
export function sendPreflight(res: Response, exchange: Exchange): number {
  res.writeHead(200, { ...commonHeaders(exchange), 'content-length': 0 }).end();
  return 0;
}

/** A page of the API reference, or 304 to a client that has it. */
export function sendPage(req: Request, res: Response, exchange: Exchange, page: DocsPage): Answered {
  const headers: Headers = {
    ...commonHeaders(exchange),
    etag: page.etag,
    'cache-control': 'no-cache',
    'content-security-policy': CONTENT_SECURITY_POLICY,
    'x-content-type-options': 'nosniff',
    'referrer-policy': 'no-referrer',
  };
  if (page.location !== undefined) {
    res.writeHead(308, { ...headers, location: page.location, 'content-length': 0 }).end();
    return { status: 308, length: 0 };
  }
  if (isUnchanged(req.headers['if-none-match'], page)) {
    res.writeHead(304, headers).end();
    return { status: 304, length: 0 };
  }
  headers['content-type'] = page.contentType;
  headers['content-length'] = page.body.length;
  // Node leaves out the body of an answer to HEAD.
  res.writeHead(200, headers).end(page.body);
  return { status: 200, length: page.body.length };
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

function send(res: Response, status: number, contentType: string, body: string, headers: Headers): number {
  const length = Buffer.byteLength(body);
  headers['content-type'] = contentType;
  headers['content-length'] = length;
  res.writeHead(status, headers).end(body);
  return length;
}

/** Scheme, the request's Host without the scheme's default port, prefix and path. */
function absoluteUrl(req: Request, exchange: Exchange, path: string): string {
  const scheme = exchange.forwarded?.scheme ?? ('encrypted' in req.socket ? 'https' : 'http');
  const defaultPort = scheme === 'https' ? ':443' : ':80';
  const host = exchange.forwarded?.host ?? req.headers.host ?? 'localhost';
  const authority = host.endsWith(defaultPort) ? host.slice(0, -defaultPort.length) : host;
  return `${scheme}://${authority}${prefixOf(req.baseUrl, exchange.forwarded)}${path}`;
}

let lastDate = { seconds: -1, text: '' };

/** An HTTP date. Consecutive answers mostly show the same second, so the last one is kept. */
function httpDate(seconds: number): string {
  if (lastDate.seconds !== seconds) lastDate = { seconds, text: new Date(seconds * 1000).toUTCString() };
  return lastDate.text;
}

export function nowSeconds(): number {
  return Math.floor(Date.now() / 1000);
}
