import type { Express, Request, Response } from 'express';
import type { Logger } from 'pino';
import type { Authenticate } from '../auth/identity.js';
import { ApiError, methodNotAllowed, unknownPath } from '../errors.js';
import type { AuditLog } from '../audit-log/audit-log.js';
import type { Policy } from '../policy/policy.js';
import type { Slices } from '../event-loop.js';
import { auditedRequest } from './audited-request.js';
import { createCors, type CorsOptions } from './cors.js';
import { dropBody } from './drop-body.js';
import { beginExchange, type Sent } from './exchange.js';
import {
  accept,
  authentication,
  contentHeaders,
  contentType,
  decodedPath,
  microversion,
  permission,
  preflight,
  staticPage,
  versionOfRoute,
  type Arrival,
  type Gate,
  type RouteGate,
} from './gates.js';
import type { ClientMemory } from './client-memory.js';
import type { HttpMeter, PathMeter } from './request-meter.js';
import type { Version } from './microversions.js';
import { PathTable } from './path-table.js';
import { logRequest } from './request-log.js';
import { sendError, sendFile, sendReply } from './respond.js';
import { RouteRequest, type BodyLimits, type Route } from './route.js';
import type { StaticPages } from './static-pages.js';

export interface PipelineOptions {
  readonly authenticate: Authenticate;
  readonly policy: Policy;
  readonly log: Logger;
  /** Null when the service writes no audit log. */
  readonly auditLog: AuditLog | null;
  /** The pipeline calls it after each error with the status 503. */
  readonly onUnavailable: () => void;
  readonly maxBodyBytes: number;
  readonly memory: ClientMemory;
  readonly slices: Slices;
  /** Null when pages of other origins may not use the API. */
  readonly cors: CorsOptions | null;
  /** Whether to trust the headers of a proxy (forwarded.ts). */
  readonly proxyHeaders: boolean;
  /** The files of the API reference and the console that this service serves. */
  readonly pages: StaticPages;
  readonly meter: HttpMeter;
}

/**
 * The gates of every request, in the order that decides which failure a client sees
 * (docs/contract/routes.md#order-of-processing). After the last gate the pipeline looks up the path, then the method.
 */
function gatesOf(routes: readonly Route[], { cors, pages, authenticate }: PipelineOptions): readonly Gate[] {
  // When an application is mounted below a path, its root has the path '' in Express.
  const publicPaths = new Set(['', ...routes.filter((route) => route.public === true).map((route) => route.path)]);
  return [
    preflight(cors !== null),
    staticPage(pages),
    authentication(authenticate, publicPaths),
    microversion,
    contentHeaders,
    decodedPath,
  ];
}

/** The gates of the requests of one route, in order. After the last gate the pipeline calls the handler, which reads the body. */
function gatesOfRoute(route: Route, { policy }: PipelineOptions): readonly RouteGate[] {
  const authorized = permission(policy);
  return route.gateLast === true
    ? [accept, contentType, versionOfRoute, authorized]
    : [versionOfRoute, accept, contentType, authorized];
}

/** Installs the pipeline and the routes on an Express application. */
export function installRoutes(app: Express, routes: readonly Route[], options: PipelineOptions): void {
  const cors = options.cors === null ? null : createCors(options.cors);
  const gates = gatesOf(routes, options);
  const table = tableOf(routes, options);

  // The whole pipeline is one layer of Express, because each layer slows every request down.
  app.use((req: Request, res: Response) => {
    options.meter.begin();
    req.exchange = beginExchange(req.headers, options.meter.elsewhere, {
      cors: cors === null ? null : req.method === 'OPTIONS' ? cors.preflight(req.headers) : cors.ordinary(req.headers),
      proxyHeaders: options.proxyHeaders,
    });
    const failed = (error: unknown): void => {
      fail(error, req, res, options);
    };
    try {
      return serve({ req, res, exchange: req.exchange })?.catch(failed);
    } catch (error) {
      failed(error);
      return undefined;
    }
  });

  /** Takes a request through the gates, beginning with the gate at index `from`, and then to its route. */
  function serve(arrival: Arrival, from = 0): Promise<void> | undefined {
    for (let index = from; index < gates.length; index++) {
      const sent = gates[index]?.(arrival);
      if (sent instanceof Promise) return sent.then((late) => next(arrival, late, index + 1));
      if (sent !== undefined) return next(arrival, sent, index + 1);
    }
    return serveRoute(table, arrival, options);
  }

  function next(arrival: Arrival, sent: Sent | undefined, index: number): Promise<void> | undefined {
    if (sent === undefined) return serve(arrival, index);
    finish(options, arrival.req, sent);
    return undefined;
  }
}

/** The routes of one path. */
interface AtPath {
  readonly byMethod: ReadonlyMap<string, AtMethod>;
  /** The header `allow`. */
  readonly allow: string;
  readonly meter: PathMeter;
}

interface AtMethod {
  readonly route: Route;
  readonly gates: readonly RouteGate[];
  /** The name of the route in the documentation: `PUT /allocations/{consumer_uuid}`. */
  readonly name: string;
  readonly bodies: BodyLimits;
}

function tableOf(routes: readonly Route[], options: PipelineOptions): PathTable<AtPath> {
  const table = new PathTable<AtPath>();
  for (const [path, atPath] of byPath(routes)) {
    const shownPath = path.replaceAll(/:(\w+)/g, '{$1}');
    const byMethod = new Map<string, AtMethod>(
      atPath.map((route) => {
        const { method } = route;
        const name = `${method} ${shownPath}`;
        return [method, { route, name, gates: gatesOfRoute(route, options), bodies: bodyLimits(route, options) }];
      }),
    );
    table.add(path, { byMethod, allow: [...byMethod.keys()].join(', '), meter: options.meter.at(path) });
  }
  return table;
}

/**
 * Finds the route of a request that has passed the gates of every request. Takes the request through the gates of the route, and
 * sends the reply of the handler.
 */
async function serveRoute(
  table: PathTable<AtPath>,
  { req, res, exchange }: Arrival,
  options: PipelineOptions,
): Promise<void> {
  const found = table.find(req.path);
  if (found === null) throw unknownPath();
  req.params = found.params;
  exchange.meter = found.value.meter;
  const atMethod = found.value.byMethod.get(req.method);
  if (atMethod === undefined) throw methodNotAllowed(found.value.allow);
  const { route, name, gates, bodies } = atMethod;
  exchange.quiet = route.quiet === true;
  // The gate `microversion` has set the version.
  const version = exchange.version as Version;
  const request = new RouteRequest(req, name, version, exchange.identity, bodies);
  try {
    for (const gate of gates) {
      const passing = gate({ req, route, version, request });
      if (passing !== undefined) await passing;
    }
    const reply = await route.handle(request);
    if ('signedIn' in reply) exchange.signedIn = reply.signedIn ?? null;
    const sent = 'file' in reply ? sendFile(res, exchange, reply.file) : sendReply(req, res, exchange, reply, options);
    finish(options, req, sent instanceof Promise ? await sent : sent);
  } finally {
    request.end();
  }
}

function bodyLimits(route: Route, { maxBodyBytes, memory }: PipelineOptions): BodyLimits {
  const { maxBodyBytes: own = maxBodyBytes, largeBodyBytes = 0 } = route;
  const large = Math.min(largeBodyBytes, memory.limits.requests);
  return { maxBodyBytes: Math.max(Math.min(own, maxBodyBytes), large), memory };
}

function fail(error: unknown, req: Request, res: Response, options: PipelineOptions): void {
  const { exchange } = req;
  const apiError =
    error instanceof ApiError
      ? error
      : new ApiError(500, 'An unexpected error occurred; the log of the server has it under this request id.');
  let sent: Sent = { status: apiError.status, length: 0 };
  if (res.headersSent) {
    res.destroy();
  } else {
    dropBody(req, res);
    sent = sendError(req, res, exchange, apiError);
  }
  if (apiError.status === 503) options.onUnavailable();
  const why = error === apiError ? { reason: apiError.cause } : { error };
  finish(options, req, { ...sent, ...why });
}

/** The pipeline calls this once for every request, after it has handed the response to the socket. */
function finish({ log, auditLog }: PipelineOptions, req: Request, sent: Sent): void {
  const { exchange } = req;
  const milliseconds = performance.now() - exchange.startedAt;
  exchange.meter(req.method, sent.status, milliseconds / 1000);
  logRequest(log, req, exchange, milliseconds, sent);
  auditLog?.record(auditedRequest(req, sent.status));
}

/** Groups routes by path, in order of first appearance. The methods in `allow` have the same order. */
function byPath(routes: readonly Route[]): Map<string, Route[]> {
  const paths = new Map<string, Route[]>();
  for (const route of routes) {
    const atPath = paths.get(route.path);
    if (atPath === undefined) paths.set(route.path, [route]);
    else atPath.push(route);
  }
  return paths;
}
