import type { Request } from 'express';
import type { Logger } from 'pino';
import { withoutTokens } from '../audit-log/masked.js';
import type { Exchange, Sent } from './exchange.js';
import { globalRequestId, shownId } from './request-ids.js';

/**
 * Writes one line for each request. The level is INFO, or DEBUG for a route that machines call all the time, or ERROR when the service
 * failed. A 503 is expected: the code that throws it has already logged what is unavailable.
 */
export function logRequest(log: Logger, req: Request, exchange: Exchange, milliseconds: number, sent: Sent): void {
  const { status, length, error, reason } = sent;
  const failed = status >= 500 && status !== 503;
  const level = failed ? 'error' : exchange.quiet ? 'debug' : 'info';
  if (!log.isLevelEnabled(level)) return;
  const { version, forwarded } = exchange;
  const caller = exchange.identity ?? exchange.signedIn;
  // pino leaves out the fields that are undefined.
  const line = {
    request_id: exchange.requestId,
    global_request_id: globalRequestId(req.headers['x-openstack-request-id']),
    client: forwarded?.client ?? req.socket.remoteAddress,
    method: req.method,
    path: withoutTokens(req.originalUrl),
    status,
    length: req.method === 'HEAD' ? 0 : length,
    microversion: version?.text,
    ms: Math.round(milliseconds * 1000) / 1000,
    user_id: caller === null ? undefined : shownId(caller.userId),
    project_id: caller === null ? undefined : shownId(caller.projectId),
    err: error,
    reason: reason instanceof Error ? reason.message : undefined,
  };
  log[level](line, failed ? 'request failed' : 'request');
}
