import type { Request, Response } from 'express';
import { Rejection, type Admission, type Authenticate, type Identity } from '../auth/identity.js';
import {
  contentLengthNotInteger,
  contentTypeMissing,
  methodNotInVersion,
  notAcceptable,
  notUtf8,
  unknownPath,
  unsupportedMediaType,
} from '../errors.js';
import type { Policy } from '../policy/policy.js';
import { acceptedQuality } from './accept.js';
import { dropBody } from './drop-body.js';
import type { Exchange, Sent } from './exchange.js';
import { minorOf, negotiate, NEWEST_VERSION, OLDEST_VERSION, type Version } from './microversions.js';
import { sendPreflight, sendRejection, sendStaticFile } from './respond.js';
import type { Route, RouteRequest } from './route.js';
import type { StaticPages } from './static-pages.js';

/**
 * The gates of a request. Each gate lets the request through, sends its response, or throws the error that the client gets.
 * pipeline.ts has their order.
 */

/** A request on its way to its route. */
export interface Arrival {
  readonly req: Request;
  readonly res: Response;
  readonly exchange: Exchange;
}

/**
 * A gate of every request. It returns undefined when the request goes on; otherwise the gate has sent the response. It returns
 * a promise only when it waits for a remote server, because each needless promise delays every request.
 */
export type Gate = (arrival: Arrival) => Sent | undefined | Promise<Sent | undefined>;

/** A request whose route is known. */
export interface RoutedRequest {
  readonly req: Request;
  readonly route: Route;
  readonly version: Version;
  readonly request: RouteRequest;
}

/** A gate of the requests of one route. It returns a promise only when it waits for a remote server. */
export type RouteGate = (routed: RoutedRequest) => void | Promise<void>;

/** Sends the response to OPTIONS when CORS is on, for any path and without a token. */
export function preflight(isOn: boolean): Gate {
  return ({ req, res, exchange }) => {
    if (!isOn || req.method !== 'OPTIONS') return undefined;
    dropBody(req, res);
    return sendPreflight(res, exchange);
  };
}

/** Sends a file of the API reference or the console, without a token. */
export function staticPage(pages: StaticPages): Gate {
  return ({ req, res, exchange }) => {
    const file = pages.get(req.path);
    if (file === undefined || (req.method !== 'GET' && req.method !== 'HEAD')) return undefined;
    dropBody(req, res);
    return sendStaticFile(req, res, exchange, file);
  };
}

/** Authenticates the caller. `publicPaths` need no token. */
export function authentication(authenticate: Authenticate, publicPaths: ReadonlySet<string>): Gate {
  function admit({ res, exchange }: Arrival, admission: Admission): Sent | undefined {
    if (admission instanceof Rejection) return sendRejection(res, exchange, admission);
    exchange.identity = admission;
    return undefined;
  }
  return (arrival) => {
    const { req, exchange } = arrival;
    const { path } = req;
    if (publicPaths.has(path)) return undefined;
    const client = exchange.forwarded?.client ?? req.socket.remoteAddress ?? '';
    const admission = authenticate(req.headers, req.method, req.baseUrl + path, client);
    if (!(admission instanceof Promise)) return admit(arrival, admission);
    return admission.then((admitted) => admit(arrival, admitted));
  };
}

/** The prefix of routes that Placement does not have, so that no later microversion has the same path. */
const EXTENSIONS = '/stockroom/';

/** @throws 400, 406 */
export function microversion({ req, exchange }: Arrival): undefined {
  // Clients of Placement do not know the extensions, so a request for one has the newest version when it has no header.
  const otherwise = req.path.startsWith(EXTENSIONS) ? NEWEST_VERSION : OLDEST_VERSION;
  exchange.version = negotiate(req.headers['openstack-api-version'] as string | undefined, otherwise);
}

/** @throws 400 */
export function contentHeaders({ req: { headers } }: Arrival): undefined {
  const length = headers['content-length'];
  if (length === undefined) return;
  if (!/^\d+$/.test(length)) throw contentLengthNotInteger();
  // An empty header counts as absent.
  if (Number(length) > 0 && (headers['content-type'] ?? '') === '') throw contentTypeMissing();
}

/** Decodes the path before routing, so that %2F separates segments like a slash. @throws 400, 404 */
export function decodedPath({ req }: Arrival): undefined {
  if (req.path.includes('%')) req.url = decodedUrl(req.url);
}

function decodedUrl(url: string): string {
  const end = url.indexOf('?');
  const path = end === -1 ? url : url.slice(0, end);
  let decoded: string;
  try {
    decoded = decodeURIComponent(path);
  } catch {
    throw notUtf8('path');
  }
  // PostgreSQL stores no NUL, so no name contains one.
  if (decoded.includes('\0')) throw unknownPath();
  return decoded.split('/').map(encodeURIComponent).join('/') + (end === -1 ? '' : url.slice(end));
}

/** Rejects the request when the route does not exist at its version. @throws 404, 405 */
export function versionOfRoute({ route, version }: RoutedRequest): void {
  if (route.introducedBy === undefined || version.minor >= minorOf(route.introducedBy)) return;
  throw route.below === 405 ? methodNotInVersion() : unknownPath();
}

/** @throws 406 */
export function accept({ route, req }: RoutedRequest): void {
  if (route.checkAccept === true && !acceptsJson(req.headers.accept)) throw notAcceptable();
}

function acceptsJson(accept: string | undefined): boolean {
  if (accept === undefined || accept === 'application/json' || accept === '*/*') return true;
  return acceptedQuality(accept, 'application/json') > 0;
}

/** @throws 415 */
export function contentType({ route: { jsonBody = false }, version, req }: RoutedRequest): void {
  if (jsonBody === false || (typeof jsonBody === 'function' && !jsonBody(version))) return;
  const type = req.headers['content-type'];
  // The service ignores parameters, and compares case-sensitively, as upstream.
  if (type?.split(';', 1)[0]?.trim() !== 'application/json') throw unsupportedMediaType(type ?? 'None');
}

/** @throws 403 */
export function permission(policy: Policy): RouteGate {
  return ({ route: { rule, policyTarget }, request }) => {
    if (rule === null) return undefined;
    // The gate `authentication` rejects requests without an identity on paths with a rule.
    return policy.authorize(rule, request.identity as Identity, policyTarget?.(request.query));
  };
}
