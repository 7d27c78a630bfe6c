import express, { type Express, type Request, type Response } from 'express';
import type { Logger } from 'pino';
import type { AuditLog } from '../../audit-log/audit-log.js';
import { auditedRequest } from '../../http/audited-request.js';
import { readBody } from '../../http/body.js';
import { dropBody } from '../../http/drop-body.js';
import { beginExchange } from '../../http/exchange.js';
import type { ClientMemory } from '../../http/client-memory.js';
import type { HttpMeter } from '../../http/request-meter.js';
import { logRequest } from '../../http/request-log.js';
import type { Policy } from '../../policy/policy.js';
import type { ListsContext } from '../options.js';
import { checkBody } from './digest.js';
import { identify, type IdentifyOptions } from './identify.js';
import { perform, ruleOf, type DialectResponse } from './operations.js';
import { accessDenied, DialectError, renderError, toDialectError } from './error.js';
import { readOperation, readTarget } from './request.js';
import { MalformedAuthorization, type RequestSignature, type Dialect } from './signature/signed-request.js';
import { dialectOf, readRequestSignature } from './signature/read.js';

export interface DialectOptions extends IdentifyOptions {
  /** `[stockroom] lists_s3_domain`. */
  readonly domain: string | null;
  readonly lists: ListsContext;
  readonly policy: Policy;
  readonly log: Logger;
  readonly auditLog: AuditLog | null;
  readonly memory: ClientMemory;
  readonly meter: HttpMeter;
  readonly onUnavailable: () => void;
  /** Whether the service trusts the headers of a proxy, which state whether the request came over TLS. */
  readonly proxyHeaders: boolean;
}

/** The path that the audit log gets for all requests of this port, because their own paths are names of buckets. */
const JOBS = '/stockroom/lists';

/** The XML of a configuration, in bytes. */
const MAX_BODY_BYTES = 64 * 1024;

const REQUEST_ID_HEADERS: Readonly<Record<Dialect, string>> = {
  s3: 'x-amz-request-id',
  oss: 'x-oss-request-id',
  cos: 'x-cos-request-id',
};

/**
 * Serves the inventory requests of the object stores (docs/adr/0017). It is a separate application, because its clients choose the whole
 * path and sign it. It checks the signature, then the operation, then the policy, then the body, and then reads or changes the job.
 */
export function createDialect(options: DialectOptions): Express {
  const app = express();
  app.disable('x-powered-by');
  const meter = options.meter.at('(S3 dialect)');
  app.use((req: Request, res: Response) => {
    options.meter.begin();
    const { proxyHeaders } = options;
    req.exchange = beginExchange(req.headers, meter, { cors: null, proxyHeaders });
    const dialect = dialectOf(req.headers);
    serve(req, dialect, options)
      .then((response) => {
        send(req, res, dialect, response, options);
      })
      .catch((error: unknown) => {
        fail(req, res, dialect, error, options);
      });
  });
  return app;
}

async function serve(req: Request, dialect: Dialect, options: DialectOptions): Promise<DialectResponse> {
  const { lists, domain, policy, memory } = options;
  const { source } = lists;
  const { method, headers } = req;
  const target = readTarget(req.originalUrl, headers.host ?? '', domain);
  const signed = readSignature(() =>
    readRequestSignature({ method, headers, ...target, bucket: target.bucket ?? source }),
  );
  const client = req.exchange.forwarded?.client ?? req.socket.remoteAddress ?? '';
  const { identity, isProved } = await identify(signed, client, options);
  req.exchange.identity = identity;
  const operation = readOperation(method, target, source, signed);
  await policy.authorize(ruleOf(operation), identity);
  const { bytes, holding } = await readBody(req, MAX_BODY_BYTES, memory.requests);
  try {
    const isTls = req.exchange.forwarded?.scheme === 'https';
    checkBody(bytes, headers, signed, !isProved || isTls);
    return await perform(operation, { dialect, identity, body: bytes, lists });
  } finally {
    holding?.leave();
  }
}

/** @throws DialectError */
function readSignature(read: () => RequestSignature | null): RequestSignature {
  let signed: RequestSignature | null;
  try {
    signed = read();
  } catch (error) {
    if (error instanceof MalformedAuthorization) throw accessDenied(error.message);
    throw error;
  }
  if (signed !== null) return signed;
  throw accessDenied('The request is not signed: there is no header authorization. Signed URLs are not accepted.');
}

function send(
  req: Request,
  res: Response,
  dialect: Dialect,
  { status, headers = {}, body }: DialectResponse,
  { log, auditLog }: DialectOptions,
  reasons: { error?: unknown; reason?: unknown } = {},
): void {
  const bytes = Buffer.from(body ?? '');
  const hasBody = body !== undefined && req.method !== 'HEAD';
  dropBody(req, res);
  res.writeHead(status, {
    ...headers,
    [REQUEST_ID_HEADERS[dialect]]: req.exchange.requestId,
    ...(body === undefined ? {} : { 'content-type': 'application/xml' }),
    ...(status === 204 ? {} : { 'content-length': bytes.length }),
  });
  res.end(hasBody ? bytes : undefined);
  const milliseconds = performance.now() - req.exchange.startedAt;
  req.exchange.meter(req.method, status, milliseconds / 1000);
  logRequest(log, req, req.exchange, milliseconds, { status, length: hasBody ? bytes.length : 0, ...reasons });
  auditLog?.record({ ...auditedRequest(req, status), path: JOBS });
}

function fail(req: Request, res: Response, dialect: Dialect, error: unknown, options: DialectOptions): void {
  const known = toDialectError(error, dialect);
  const { status, code, message, headers } =
    known ??
    new DialectError(500, 'InternalError', 'An unexpected error occurred; the log of the server has it under this id.');
  if (status === 503) options.onUnavailable();
  if (res.headersSent) {
    res.destroy();
    return;
  }
  const [resource = ''] = req.originalUrl.split('?', 1);
  const body = renderError({ code, message }, resource, req.exchange.requestId);
  const cause = error instanceof Error ? error.cause : undefined;
  send(req, res, dialect, { status, headers, body }, options, known === null ? { error } : { reason: cause ?? known });
}
