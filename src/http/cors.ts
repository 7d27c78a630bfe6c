import type { IncomingHttpHeaders } from 'node:http';
import type { Config } from '../config.js';

/**
 * Lets browsers give pages of other origins access to the API (docs/contract/routes.md#cors). It comes before
 * authentication: a preflight has no token, and a page may read a 401.
 */
export interface CorsOptions {
  /** Each is `PROTOCOL://HOST[:PORT]`, or `*` for all other origins. */
  readonly allowedOrigins: readonly string[];
  readonly allowCredentials: boolean;
  readonly exposeHeaders: readonly string[];
  /** Seconds for which a browser may cache the response to a preflight. With 0 the response has no such header. */
  readonly maxAge: number;
  readonly allowMethods: readonly string[];
  readonly allowHeaders: readonly string[];
}

/** Null when no origin is allowed. */
export function corsOptions(config: Config): CorsOptions | null {
  if (config.corsAllowedOrigin.length === 0) return null;
  return {
    allowedOrigins: config.corsAllowedOrigin,
    allowCredentials: config.corsAllowCredentials,
    exposeHeaders: config.corsExposeHeaders,
    maxAge: config.corsMaxAge,
    allowMethods: config.corsAllowMethods,
    allowHeaders: config.corsAllowHeaders,
  };
}

export interface Cors {
  /** Returns the headers of the response to OPTIONS; null when the origin may not use the method or the headers that it asks for. */
  preflight(headers: IncomingHttpHeaders): CorsHeaders | null;
  /** Returns the headers of any other response; null when the origin of the request is not allowed. */
  ordinary(headers: IncomingHttpHeaders): CorsHeaders | null;
}

/** The CORS headers without `vary`. respond.ts adds `vary` with `Origin`. */
export type CorsHeaders = Readonly<Record<string, string>>;

/** Headers that are always allowed. */
const SIMPLE_HEADERS = [
  'accept',
  'accept-language',
  'content-type',
  'cache-control',
  'content-language',
  'expires',
  'last-modified',
  'pragma',
];

export function createCors(options: CorsOptions): Cors {
  const origins = new Set(options.allowedOrigins);
  const methods = new Set(options.allowMethods);
  const allowed = new Set([...SIMPLE_HEADERS, ...options.allowHeaders.map((name) => name.toLowerCase())]);
  const ordinary = new Map([...origins].map((origin) => [origin, ordinaryHeaders(origin, options)]));

  /** The value of `access-control-allow-origin` for a request, or null. */
  function permitted({ origin }: IncomingHttpHeaders): string | null {
    if (origin === undefined) return null;
    if (origins.has(origin)) return origin;
    return origins.has('*') ? '*' : null;
  }

  return {
    preflight(headers) {
      const origin = permitted(headers);
      const method = headers['access-control-request-method'];
      const requested = names(headers['access-control-request-headers'] ?? '');
      if (origin === null || method === undefined || !methods.has(method)) return null;
      if (!requested.every((name) => allowed.has(name.toLowerCase()))) return null;
      return {
        ...originHeaders(origin, options),
        ...(options.maxAge > 0 ? { 'access-control-max-age': String(options.maxAge) } : {}),
        'access-control-allow-methods': method,
        ...(requested.length > 0 ? { 'access-control-allow-headers': requested.join(',') } : {}),
      };
    },
    ordinary(headers) {
      const origin = permitted(headers);
      return origin === null ? null : (ordinary.get(origin) ?? null);
    },
  };
}

function originHeaders(origin: string, { allowCredentials }: CorsOptions): CorsHeaders {
  return {
    'access-control-allow-origin': origin,
    ...(allowCredentials ? { 'access-control-allow-credentials': 'true' } : {}),
  };
}

function ordinaryHeaders(origin: string, options: CorsOptions): CorsHeaders {
  const exposed = options.exposeHeaders.join(',');
  return {
    ...originHeaders(origin, options),
    ...(exposed === '' ? {} : { 'access-control-expose-headers': exposed }),
  };
}

function names(list: string): string[] {
  return list
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '');
}
