import { randomUUID } from 'node:crypto';
import type { Express, Request, Response } from 'express';
import type { Logger } from 'pino';
import { Refusal, type Admission, type Authenticate, type Identity } from '../auth/identity.js';
import {
  ApiError,
  contentLengthNotInteger,
  contentTypeMissing,
  methodNotAllowed,
  methodNotInVersion,
  notAcceptable,
  notUtf8,
  unknownPath,
  unsupportedMediaType,
} from '../errors.js';
import type { AuditLog } from '../audit-log/audit-log.js';
import type { Policy } from '../policy/policy.js';
import type { Slices } from '../rounds.js';
import { acceptedQuality } from './accept.js';
import { auditedRequest } from './audited.js';
import { createCors, type CorsOptions } from './cors.js';
import type { DocsPages } from './docs.js';
import { dropBody } from './drop-body.js';
import { readForwarded } from './forwarded.js';
import type { Memory } from './memory.js';
import type { HttpMeter } from './meter.js';
import { minorOf, negotiate, NEWEST_VERSION, OLDEST_VERSION, type Version } from './microversions.js';
import { PathTable } from './paths.js';
import { logRequest, type Answered, type LoggedExchange } from './request-log.js';
import { sendError, sendFile, sendPage, sendPreflight, sendRefusal, sendReply } from './respond.js';
import { RouteRequest, type BodyLimits, type Route } from './route.js';

/**
 * What happens to a request, in the order that decides which failure a client sees
 * (docs/contract/routes.md#order-of-processing): request id, CORS, the API reference, authentication, microversion, content headers, path, method, version gate, Accept or content
 * type, policy, handler.
 */

export interface PipelineOptions {
  readonly authenticate: Authenticate;
  readonly policy: Policy;
  readonly log: Logger;
  /** Null: there is none. */
  readonly auditLog: AuditLog | null;
  /** A request is answered with 503. */
  readonly onUnavailable: () => void;
  readonly maxBodyBytes: number;
  readonly memory: Memory;
  readonly slices: Slices;
  /** Null: no page of another origin may use the API. */
  readonly cors: CorsOptions | null;
  /** Believe what a proxy says of the request (forwarded.ts). */
  readonly proxyHeaders: boolean;
  /** Null: there is no API reference at /docs. */
  readonly docs: DocsPages | null;
  readonly meter: HttpMeter;
}

declare module 'express-serve-static-core' {
  interface Request {
    exchange: LoggedExchange;
  }
}

/** Installs the pipeline and the routes on an Express application. */
export function installRoutes(app: Express, routes: readonly Route[], options: PipelineOptions): void {
  const cors = options.cors === null ? null : createCors(options.cors);
  const paths = new PathTable<Dispatch>();
  for (const [path, atPath] of byPath(routes)) paths.add(path, dispatch(path, atPath, options));
  // Express calls the root of an application that is mounted somewhere ''.
  const publicPaths = new Set(['', ...routes.filter((route) => route.public === true).map((route) => route.path)]);

  function serve(req: Request, res: Response, admission: Admission | null): Promise<void> | undefined {
    if (admission instanceof Refusal) {
      const length = sendRefusal(res, req.exchange, admission);
      finish(options, req, { status: admission.status, length });
      return undefined;
    }
    req.exchange.identity = admission;
    // No client of Placement depends on a route of our own: without the header it has the newest version.
    const otherwise = req.path.startsWith(EXTENSIONS) ? NEWEST_VERSION : OLDEST_VERSION;
    req.exchange.version = negotiate(req.headers['openstack-api-version'] as string | undefined, otherwise);
    checkContentHeaders(req);
    if (req.path.includes('%')) req.url = decodedUrl(req.url);
    const found = paths.find(req.path);
    if (found === null) throw unknownPath();
    req.params = found.params;
    return found.value(req, res);
  }

  // One layer for Express: everything that happens to a request is here, and each layer has its price.
  app.use((req: Request, res: Response) => {
    options.meter.begin();
    const isPreflight = cors !== null && req.method === 'OPTIONS';
    req.exchange = {
      requestId: `req-${randomUUID()}`,
      startedAt: performance.now(),
      version: null,
      identity: null,
      cors: cors === null ? null : isPreflight ? cors.preflight(req.headers) : cors.ordinary(req.headers),
      forwarded: options.proxyHeaders ? readForwarded(req.headers) : null,
      quiet: false,
      meter: options.meter.elsewhere,
    };
    const { path } = req;
    const failed = (error: unknown): void => {
      fail(error, req, res, options);
    };
    try {
      if (isPreflight) {
        dropBody(req, res);
        finish(options, req, { status: 200, length: sendPreflight(res, req.exchange) });
        return undefined;
      }
      const page = options.docs?.get(path);
      if (page !== undefined && (req.method === 'GET' || req.method === 'HEAD')) {
        dropBody(req, res);
        finish(options, req, sendPage(req, res, req.exchange, page));
        return undefined;
      }
      const admission = publicPaths.has(path)
        ? null
        : options.authenticate(req.headers, req.method, req.baseUrl + path, exchangeClient(req));
      // A token that is known is admitted at once, without a promise in between.
      if (!(admission instanceof Promise)) return serve(req, res, admission);
      return admission.then((admitted) => serve(req, res, admitted)).catch(failed);
    } catch (error) {
      failed(error);
      return undefined;
    }
  });
}

/** Routes that Placement does not have are below it, so that no later microversion can have the same path. */
const EXTENSIONS = '/stockroom/';

/** The address that sent a request, of the first proxy's client where the configuration believes proxies. */
function exchangeClient({ exchange, socket }: Request): string {
  return exchange.forwarded?.client ?? socket.remoteAddress ?? '';
}

/** What serves one path, whatever the method. It never rejects. */
type Dispatch = (req: Request, res: Response) => Promise<void>;

function checkContentHeaders({ headers }: Request): void {
  const length = headers['content-length'];
  if (length === undefined) return;
  if (!/^\d+$/.test(length)) throw contentLengthNotInteger();
  // An empty one says as little as none.
  if (Number(length) > 0 && (headers['content-type'] ?? '') === '') throw contentTypeMissing();
}

/** Routing looks at the percent-decoded path, in which %2F is a slash like any other. */
function decodedUrl(url: string): string {
  const end = url.indexOf('?');
  const path = end === -1 ? url : url.slice(0, end);
  let decoded: string;
  try {
    decoded = decodeURIComponent(path);
  } catch {
    throw notUtf8('path');
  }
  // Nothing can have a NUL in its name: PostgreSQL does not store it.
  if (decoded.includes('\0')) throw unknownPath();
  return decoded.split('/').map(encodeURIComponent).join('/') + (end === -1 ? '' : url.slice(end));
}

/** Steps of one path: method, then the route's own. */
function dispatch(path: string, routes: readonly Route[], options: PipelineOptions): Dispatch {
  const byMethod = new Map<string, Route>(routes.map((route) => [route.method, route]));
  const allow = routes.map((route) => route.method).join(', ');
  const meter = options.meter.at(path);
  const shownPath = path.replaceAll(/:(\w+)/g, '{$1}');
  return async (req, res) => {
    req.exchange.meter = meter;
    let request: RouteRequest | null = null;
    try {
      const route = byMethod.get(req.method);
      if (route === undefined) throw methodNotAllowed(allow);
      const { exchange } = req;
      exchange.quiet = route.quiet === true;
      const version = exchange.version as Version;
      if (route.gateLast !== true) checkGate(route, version);
      checkMediaTypes(route, version, req);
      if (route.gateLast === true) checkGate(route, version);
      request = new RouteRequest(
        req,
        `${route.method} ${shownPath}`,
        version,
        exchange.identity,
        bodyLimits(route, options),
      );
      const permission = checkPolicy(route, request, options.policy);
      if (permission !== undefined) await permission;
      const reply = await route.handle(request);
      if ('file' in reply) {
        finish(options, req, await sendFile(res, exchange, reply.file));
      } else {
        const length = sendReply(req, res, exchange, reply, options);
        finish(options, req, { status: reply.status, length: typeof length === 'number' ? length : await length });
      }
    } catch (error) {
      fail(error, req, res, options);
    } finally {
      request?.end();
    }
  };
}

function bodyLimits(route: Route, { maxBodyBytes, memory }: PipelineOptions): BodyLimits {
  const { maxBodyBytes: own = maxBodyBytes, largeBodyBytes = 0 } = route;
  const large = Math.min(largeBodyBytes, memory.limits.requests);
  return { maxBodyBytes: Math.max(Math.min(own, maxBodyBytes), large), memory };
}

function checkGate(route: Route, version: Version): void {
  if (route.since === undefined || version.minor >= minorOf(route.since)) return;
  throw route.below === 405 ? methodNotInVersion() : unknownPath();
}

function checkMediaTypes(route: Route, version: Version, req: Request): void {
  if (route.checkAccept === true && !acceptsJson(req)) throw notAcceptable();
  const { jsonBody = false } = route;
  if (jsonBody === true || (typeof jsonBody === 'function' && jsonBody(version))) {
    const type = req.headers['content-type'];
    // Parameters are ignored; the comparison is case-sensitive, as upstream.
    if (type?.split(';', 1)[0]?.trim() !== 'application/json') throw unsupportedMediaType(type ?? 'None');
  }
}

function acceptsJson(req: Request): boolean {
  const accept = req.headers.accept;
  if (accept === undefined || accept === 'application/json' || accept === '*/*') return true;
  return acceptedQuality(accept, 'application/json') > 0;
}

/** Answers a promise only when a remote server has to be asked: waiting for nothing would cost each request a turn. */
function checkPolicy({ rule, policyTarget }: Route, request: RouteRequest, policy: Policy): void | Promise<void> {
  if (rule === null) return;
  // admit() has let no request without an identity through to a path with a rule.
  return policy.authorize(rule, request.identity as Identity, policyTarget?.(request.query));
}

function fail(error: unknown, req: Request, res: Response, options: PipelineOptions): void {
  const { exchange } = req;
  const apiError =
    error instanceof ApiError
      ? error
      : new ApiError(500, 'An unexpected error occurred; the log of the server has it under this request id.');
  let length = 0;
  if (res.headersSent) {
    res.destroy();
  } else {
    dropBody(req, res);
    length = sendError(req, res, exchange, apiError);
  }
  if (apiError.status === 503) options.onUnavailable();
  const why = error === apiError ? { reason: apiError.cause } : { error };
  finish(options, req, { status: apiError.status, length, ...why });
}

/** Every request comes here once, when its answer has been handed to the socket. */
function finish({ log, auditLog }: PipelineOptions, req: Request, answered: Answered): void {
  const { exchange } = req;
  const milliseconds = performance.now() - exchange.startedAt;
  exchange.meter(req.method, answered.status, milliseconds / 1000);
  logRequest(log, req, exchange, milliseconds, answered);
  auditLog?.record(auditedRequest(req, answered.status));
}

/** Routes by path in order of first appearance, which is also the order of methods in `allow`. */
function byPath(routes: readonly Route[]): Map<string, Route[]> {
  const paths = new Map<string, Route[]>();
  for (const route of routes) {
    const atPath = paths.get(route.path);
    if (atPath === undefined) paths.set(route.path, [route]);
    else atPath.push(route);
  }
  return paths;
}
