import type { Request, Response } from 'express';
import type { Refusal } from '../auth/identity.js';
import type { Version } from './microversions.js';
import { renderProblem } from './problem.js';
import type { Reply } from './route.js';
import type { ApiError } from '../errors.js';

/** What is known of a request so far; a response carries as much of it as there is. */
export interface Exchange {
  readonly requestId: string;
  /** Null until the version has been negotiated. */
  version: Version | null;
}

type Headers = Record<string, string | number>;

/** Sends the answer of a handler. `res.writeHead` and one `res.end`: Express's own `res.json` costs twice as much. */
export function sendReply(req: Request, res: Response, exchange: Exchange, reply: Reply): void {
  const headers = versionHeaders(exchange);
  if (reply.location !== undefined) headers['location'] = absoluteUrl(req, reply.location);
  if (reply.modified !== undefined && exchange.version?.has('cacheHeaders') === true) {
    headers['cache-control'] = 'no-cache';
    if (reply.modified !== null) headers['last-modified'] = httpDate(reply.modified);
  }
  if (reply.body === undefined) {
    if (reply.status !== 204) headers['content-length'] = 0;
    res.writeHead(reply.status, headers).end();
  } else {
    headers['content-type'] = 'application/json';
    headers['content-length'] = reply.body.length;
    // JSON is ASCII here (json.ts): said as latin1 it is neither measured nor encoded.
    res.writeHead(reply.status, headers).end(reply.body, 'latin1');
  }
}

export function sendError(req: Request, res: Response, exchange: Exchange, error: ApiError): void {
  const problem = renderProblem(error, {
    method: req.method,
    accept: req.headers.accept,
    requestId: exchange.requestId,
    showCode: exchange.version?.has('errorCodes') ?? false,
  });
  const headers = { ...versionHeaders(exchange), ...error.extra.headers };
  send(res, problem.status, problem.contentType, problem.body, headers);
}

/** Who is not let in gets a document of another form (spec: keystone-auth.md). */
export function sendRefusal(res: Response, exchange: Exchange, refusal: Refusal): void {
  send(res, refusal.status, 'application/json', refusal.body, { ...versionHeaders(exchange), ...refusal.headers });
}

function versionHeaders(exchange: Exchange): Headers {
  const headers: Headers = { 'x-openstack-request-id': exchange.requestId };
  if (exchange.version !== null) {
    headers['openstack-api-version'] = `placement ${exchange.version.text}`;
    headers['vary'] = 'openstack-api-version';
  }
  return headers;
}

function send(res: Response, status: number, contentType: string, body: string, headers: Headers): void {
  headers['content-type'] = contentType;
  headers['content-length'] = Buffer.byteLength(body);
  res.writeHead(status, headers).end(body);
}

/** Scheme, the request's Host without the scheme's default port, mount prefix and path. */
function absoluteUrl(req: Request, path: string): string {
  const scheme = 'encrypted' in req.socket ? 'https' : 'http';
  const defaultPort = scheme === 'https' ? ':443' : ':80';
  const host = req.headers.host ?? 'localhost';
  const authority = host.endsWith(defaultPort) ? host.slice(0, -defaultPort.length) : host;
  return `${scheme}://${authority}${req.baseUrl}${path}`;
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
