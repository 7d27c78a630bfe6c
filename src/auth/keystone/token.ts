import { NO_SERVICE, type Identity } from '../identity.js';
import { parseAccessRules, type AccessRule } from './access-rules.js';
import { parseCatalog } from './catalog.js';
import { asArray, asRecord, asText } from './json.js';

/** The data of a token from Keystone. The identity is made once, and all requests with the token share it. */
export interface TokenData {
  /** Its user id is empty when the token has no user; such a token is rejected. */
  readonly identity: Identity;
  /** Milliseconds since the epoch. */
  readonly expiresAt: number;
  /** Null when the token allows everything that its roles allow. */
  readonly accessRules: readonly AccessRule[] | null;
  /** The types of services in its catalog. They are kept only when access rules need them. */
  readonly serviceTypes: readonly string[];
  /** The login methods to which the token is bound. */
  readonly bind: readonly string[];
}

/** @returns null when the text is not a token document, because the server is not Keystone, or Keystone does not work correctly */
export function parseToken(text: string): TokenData | null {
  const document = parseJson(text);
  if (document === null) return null;
  const token = asRecord(asRecord(document)['token']);
  const expiresAt = Date.parse(asText(token['expires_at']) ?? '');
  const roles = parseRoles(token['roles']);
  const user = asRecord(token['user']);
  if (Number.isNaN(expiresAt) || roles === null) return null;

  const project = asRecord(token['project']);
  const credential = asRecord(token['application_credential']);
  const accessRules = credential['access_rules'] === undefined ? null : parseAccessRules(credential['access_rules']);
  return {
    identity: {
      userId: asText(user['id']) ?? '',
      userDomainId: asText(asRecord(user['domain'])['id']),
      projectId: asText(project['id']),
      projectDomainId: asText(asRecord(project['domain'])['id']),
      domainId: asText(asRecord(token['domain'])['id']),
      systemScope: asRecord(token['system'])['all'] === true ? 'all' : null,
      roles,
      isAdminProject: token['is_admin_project'] === undefined || token['is_admin_project'] === true,
      expiresAt,
      ...NO_SERVICE,
    },
    expiresAt,
    accessRules,
    serviceTypes: accessRules === null ? [] : parseCatalog(token['catalog']).map(({ type }) => type),
    bind: Object.keys(asRecord(token['bind'])),
  };
}

/** Adds the service that passes on the request of a user, from its service token. */
export function withService(user: Identity, service: Identity): Identity {
  return {
    ...user,
    serviceUserId: service.userId,
    serviceUserDomainId: service.userDomainId,
    serviceProjectId: service.projectId,
    serviceProjectDomainId: service.projectDomainId,
    serviceRoles: service.roles,
  };
}

/** Returns the roles, and none for tokens without scope. Returns null when an item is not a role. */
function parseRoles(value: unknown): readonly string[] | null {
  if (value !== undefined && !Array.isArray(value)) return null;
  const names = asArray(value).map((role) => asText(asRecord(role)['name'])?.toLowerCase());
  return names.every((name) => name !== undefined) ? names : null;
}

export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return null;
  }
}
