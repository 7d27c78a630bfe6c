import type { Request } from 'express';
import type { Logger } from 'pino';
import type { Identity } from '../auth/identity.js';
import type { PathMeter } from './meter.js';
import { globalRequestId, shownId } from './request-ids.js';
import type { Exchange } from './respond.js';
import { withoutTokens } from '../audit-log/masked.js';

/**
 * One line for each request: at INFO, for a route that is asked all the time at DEBUG, for a failure of ours at ERROR. A 503
 * is foreseen: its sender has logged once what is away.
 */
export interface LoggedExchange extends Exchange {
  identity: Identity | null;
  /** Of `performance.now()`. */
  readonly startedAt: number;
  quiet: boolean;
  meter: PathMeter;
}

export interface Answered {
  readonly status: number;
  /** Bytes of the body. */
  readonly length: number;
  /** What the answer 500 does not tell the client. */
  readonly error?: unknown;
  /** What an answer that was foreseen does not tell. */
  readonly reason?: unknown;
}

export function logRequest(
  log: Logger,
  req: Request,
  exchange: LoggedExchange,
  milliseconds: number,
  answered: Answered,
): void {
  const { status, length, error, reason } = answered;
  const failed = status >= 500 && status !== 503;
  const level = failed ? 'error' : exchange.quiet ? 'debug' : 'info';
  if (!log.isLevelEnabled(level)) return;
  const { identity, version, forwarded } = exchange;
  // Fields that are undefined are left out of the line.
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
    user_id: identity === null ? undefined : shownId(identity.userId),
    project_id: identity === null ? undefined : shownId(identity.projectId),
    err: error,
    reason: reason instanceof Error ? reason.message : undefined,
  };
  log[level](line, failed ? 'request failed' : 'request');
}
