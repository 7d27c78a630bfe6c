import { randomUUID } from 'node:crypto';
import { maskedPath, withoutSecrets, withoutTokens } from './masked.js';
import { targetOf, UNKNOWN } from './target.js';

/** The data of a request after its response, for the audit log. */
export interface AuditedRequest {
  readonly method: string;
  /** Path and query as the client sent them. */
  readonly url: string;
  /** The path without the prefix under which the service is mounted. */
  readonly path: string;
  readonly status: number;
  readonly requestId: string;
  readonly globalRequestId: string | null;
  /** The address of the client; null when the connection is closed. */
  readonly client: string | null;
  readonly agent: string | null;
  readonly userId: string | null;
  readonly projectId: string | null;
  /** Values of headers with credentials. No line contains them. */
  readonly secrets: readonly string[];
}

/** One line of the audit log: docs/contract/audit-and-orphans.md#the-event. */
export interface AuditEvent {
  readonly typeURI: 'http://schemas.dmtf.org/cloud/audit/1.0/event';
  readonly id: string;
  readonly eventTime: string;
  readonly eventType: 'activity';
  readonly action: string;
  readonly outcome: 'success' | 'failure';
  readonly reason: { readonly reasonType: 'HTTP'; readonly reasonCode: string };
  readonly initiator: {
    readonly typeURI: 'service/security/account/user';
    readonly id: string;
    readonly project_id: string;
    readonly host: { readonly address: string; readonly agent?: string };
    readonly request_id: string;
    readonly global_request_id?: string;
  };
  readonly target: { readonly typeURI: string; readonly id: string; readonly name?: string };
  readonly observer: { readonly id: 'target' };
  readonly requestPath: string;
}

const ACTIONS: Readonly<Record<string, string>> = {
  POST: 'create',
  PUT: 'update',
  PATCH: 'update',
  DELETE: 'delete',
  GET: 'read',
  HEAD: 'read',
  OPTIONS: 'read',
};

/** Longer texts are cut, so that a line has less than 4,096 bytes. The system does not split such a line on a pipe. */
const LONGEST = { path: 1800, agent: 200, name: 255, address: 64 };

/**
 * @param time when the response was sent
 * @param nameOf returns the name of a provider, by UUID; null when it is not known
 */
export function auditEvent(
  request: AuditedRequest,
  time: Date,
  nameOf: (uuid: string) => string | null = () => null,
): AuditEvent {
  const { method, status, secrets, agent, globalRequestId } = request;
  const shown = (text: string, longest: number): string => cut(withoutSecrets(text, secrets), longest);
  const target = targetOf(request.path);
  const name = target.name ?? (target.id === UNKNOWN ? null : nameOf(target.id));
  return {
    typeURI: 'http://schemas.dmtf.org/cloud/audit/1.0/event',
    id: randomUUID(),
    eventTime: time.toISOString().replace('Z', '+00:00'),
    eventType: 'activity',
    action: ACTIONS[method] ?? UNKNOWN,
    outcome: status < 400 ? 'success' : 'failure',
    reason: { reasonType: 'HTTP', reasonCode: String(status) },
    initiator: {
      typeURI: 'service/security/account/user',
      id: withoutTokens(request.userId ?? UNKNOWN),
      project_id: withoutTokens(request.projectId ?? UNKNOWN),
      host: {
        address: request.client === null ? UNKNOWN : shown(request.client, LONGEST.address),
        ...(agent === null ? {} : { agent: shown(agent, LONGEST.agent) }),
      },
      request_id: request.requestId,
      ...(globalRequestId === null ? {} : { global_request_id: globalRequestId }),
    },
    target: { typeURI: target.typeURI, id: target.id, ...(name === null ? {} : { name: shown(name, LONGEST.name) }) },
    observer: { id: 'target' },
    requestPath: cut(maskedPath(request.url, secrets), LONGEST.path),
  };
}

/** Cuts a longer text, and adds three dots. */
function cut(text: string, longest: number): string {
  return text.length <= longest ? text : `${text.slice(0, longest)}...`;
}
