import { randomUUID } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import type { Identity } from '../auth/identity.js';
import type { CorsHeaders } from './cors.js';
import { readForwarded, type Forwarded } from './forwarded.js';
import type { PathMeter } from './request-meter.js';
import type { Version } from './microversions.js';

/** Who sent a request. */
export interface Caller {
  readonly userId: string;
  readonly projectId: string | null;
}

/** What is known of a request so far. Its response, its line in the log and its event in the audit log carry as much of it as there is. */
export interface Exchange {
  readonly requestId: string;
  /** Of `performance.now()`. */
  readonly startedAt: number;
  /** Null unless a page of another origin asks, and may read the response. */
  readonly cors: CorsHeaders | null;
  /** Null unless the headers of a proxy are to be believed. */
  readonly forwarded: Forwarded | null;
  /** Null until the caller is known, and at public paths. */
  identity: Identity | null;
  /** Whom a login has signed in. Log and audit log name this caller: there is no identity at a public path. */
  signedIn: Caller | null;
  /** Null until the version has been negotiated. */
  version: Version | null;
  /** Machines send it all the time: its line in the log is of DEBUG. */
  quiet: boolean;
  meter: PathMeter;
}

declare module 'express-serve-static-core' {
  interface Request {
    exchange: Exchange;
  }
}

/** What was sent. */
export interface Sent {
  readonly status: number;
  /** Bytes of the body. */
  readonly length: number;
  /** What a response 500 does not tell the client. */
  readonly error?: unknown;
  /** What a response that was foreseen does not tell the client. */
  readonly reason?: unknown;
}

/** The exchange of a request that has just come. */
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
