import http from 'node:http';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { Readiness } from './health.js';

/** The data of the admin listener, of this process or of all workers. */
export interface AdminParts {
  /** Returns at once, and never fails. */
  alive(): object;
  readiness(): Promise<Readiness>;
  /** Returns the metrics in the text format of Prometheus. */
  metrics(): Promise<string>;
}

/**
 * Creates the listener for operators of the service. It has no users and needs no token, so it must listen where only operators can reach
 * it.
 */
export function createAdminServer(parts: AdminParts): http.Server {
  const shared = { ...parts, metrics: sharing(() => parts.metrics()) };
  return http.createServer((request, response) => {
    response.setTimeout(SEND_TIMEOUT_MS);
    respond(shared, request)
      .catch(failure)
      .then(({ status, type, body, headers }) => {
        response.writeHead(status, { 'content-type': type, ...headers });
        return pipeline(Readable.from(request.method === 'HEAD' ? [] : inPieces(body)), response);
      })
      // The client has closed the connection.
      .catch(() => response.destroy());
  });
}

/** The process closes the connection of a client that reads no byte of its response for this long, and frees the text. */
const SEND_TIMEOUT_MS = 60_000;

/**
 * Requests that come while the text is made share it. With 10,000 providers it is 16 MB, and a client may send thousands of requests in
 * one packet without reading a response.
 */
function sharing<T>(make: () => Promise<T>): () => Promise<T> {
  let making: Promise<T> | null = null;
  return () => (making ??= make().finally(() => (making = null)));
}

const PIECE = 256 * 1024;

/** Yields the text in pieces. With 10,000 providers the metrics are 16 MB, and encoding them at once would delay other requests for 15 ms. */
function* inPieces(text: string): Generator<string> {
  for (let start = 0, end; start < text.length; start = end) {
    // A piece ends with a line, so that no character is cut in two.
    end = text.indexOf('\n', start + PIECE) + 1;
    if (end === 0) end = text.length;
    yield text.slice(start, end);
  }
}

interface AdminResponse {
  readonly status: number;
  readonly type: string;
  readonly body: string;
  readonly headers?: Readonly<Record<string, string>>;
}

const TEXT = 'text/plain; charset=utf-8';

async function respond(parts: AdminParts, { method = '', url = '' }: http.IncomingMessage): Promise<AdminResponse> {
  const path = url.split('?', 1)[0];
  if (path !== '/healthz' && path !== '/readyz' && path !== '/metrics') {
    return {
      status: 404,
      type: TEXT,
      body: 'This is the admin listener of Stockroom. It has /healthz, /readyz and /metrics; the API listens on another port.\n',
    };
  }
  if (method !== 'GET' && method !== 'HEAD') {
    return { status: 405, type: TEXT, body: 'Ask with GET.\n', headers: { allow: 'GET, HEAD' } };
  }
  if (path === '/metrics') {
    return { status: 200, type: 'text/plain; version=0.0.4; charset=utf-8', body: await parts.metrics() };
  }
  if (path === '/healthz') return json(200, parts.alive());
  const readiness = await parts.readiness();
  return json(readiness.ready ? 200 : 503, readiness);
}

function failure(error: unknown): AdminResponse {
  return { status: 500, type: TEXT, body: `This could not be found out: ${(error as Error).message}\n` };
}

function json(status: number, body: object): AdminResponse {
  return { status, type: 'application/json', body: `${JSON.stringify(body)}\n` };
}
