import type { Request } from 'express';
import type { AuditedRequest } from '../audit-log/event.js';
import { globalRequestId, shownId } from './request-ids.js';

/** Headers that contain credentials of the caller. */
const SECRETS = ['x-auth-token', 'x-service-token', 'x-subject-token', 'authorization'];

/** Returns what the audit log records of a request after its response. */
export function auditedRequest(req: Request, status: number): AuditedRequest {
  const { method, originalUrl: url, headers, exchange } = req;
  const caller = exchange.identity ?? exchange.signedIn;
  const end = url.indexOf('?');
  return {
    method,
    url,
    path: (end === -1 ? url : url.slice(0, end)).slice(req.baseUrl.length),
    status,
    requestId: exchange.requestId,
    globalRequestId: globalRequestId(headers['x-openstack-request-id']) ?? null,
    client: exchange.forwarded?.client ?? req.socket.remoteAddress ?? null,
    agent: headers['user-agent'] ?? null,
    userId: shownId(caller?.userId ?? null) ?? null,
    projectId: shownId(caller?.projectId ?? null) ?? null,
    secrets: SECRETS.flatMap((name) => headers[name] ?? []),
  };
}
