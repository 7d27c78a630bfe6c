import { randomUUID } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import type { Identity } from '../auth/identity.js';
import type { CorsHeaders } from './cors.js';
import { readForwarded, type Forwarded } from './forwarded.js';
import type { PathMeter } from './request-meter.js';
import type { Version } from './microversions.js';

/** The sender of a request. */
export interface Caller {
  readonly userId: string;
  readonly projectId: string | null;
}

/** The data that the pipeline has collected for a request: for its response, its line in the log and its event in the audit log. */
export interface Exchange {
  readonly requestId: string;
  /** The time of `performance.now()` when the request came. */
  readonly startedAt: number;
  /** CORS headers for a page of another origin. Null when no such page may read the response. */
  readonly cors: CorsHeaders | null;
  /** Headers of a proxy. Null when the configuration does not trust them. */
  readonly forwarded: Forwarded | null;
  /** Null until the caller is authenticated. Always null at public paths. */
  identity: Identity | null;
  /** The user that a login has signed in. Log and audit log name this caller, because a public path has no identity. */
  signedIn: Caller | null;
  /** Null until the version has been negotiated. */
  version: Version | null;
  /** Whether the line in the log has the level DEBUG, because machines send such requests all the time. */
  quiet: boolean;
  meter: PathMeter;
}

declare module 'express-serve-static-core' {
  interface Request {
    exchange: Exchange;
  }
}

/** The response that was sent. */
export interface Sent {
  readonly status: number;
  /** Bytes of the body. */
  readonly length: number;
  /** The error behind a 500, which the client does not see. */
  readonly error?: unknown;
  /** Details of an expected error that the client does not see. */
  readonly reason?: unknown;
}

/** The exchange of a new request. */
export function beginExchange(
  headers: IncomingHttpHeaders,
  meter: PathMeter,
  { cors, proxyHeaders }: { readonly cors: CorsHeaders | null; readonly proxyHeaders: boolean },
): Exchange {
  return {
    requestId: `req-${randomUUID()}`,
    startedAt: performance.now(),
    cors,
    forwarded: proxyHeaders ? readForwarded(headers) : null,
    identity: null,
    signedIn: null,
    version: null,
    quiet: false,
    meter,
  };
}
