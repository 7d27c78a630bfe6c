import { Rejection, WITHOUT_USER, type Authenticate, type RequestHeaders } from './identity.js';

/**
 * The strategy for tests and trials. It trusts the token, `USER` or `USER:PROJECT`, and the identity headers that the middleware of Keystone
 * would set (docs/contract/keystone-auth.md#noauth2).
 */
export const noauth2: Authenticate = (headers) => {
  const token = text(headers, 'x-auth-token');
  if (token === null || token === '') return UNAUTHORIZED;
  const colon = token.indexOf(':');
  const userId = colon === -1 ? token : token.slice(0, colon);
  const roles = text(headers, 'x-roles');
  const systemScope = headers['openstack-system-scope'] === 'all' ? 'all' : null;
  const domainId = systemScope === null ? text(headers, 'x-domain-id') : null;
  const projectOfToken = colon === -1 || colon === token.length - 1 ? userId : token.slice(colon + 1);
  const scopedToProject = systemScope === null && domainId === null;
  return {
    userId,
    userDomainId: text(headers, 'x-user-domain-id'),
    projectId: scopedToProject ? (text(headers, 'x-project-id') ?? projectOfToken) : null,
    projectDomainId: text(headers, 'x-project-domain-id'),
    domainId,
    systemScope,
    roles: roles !== null ? list(roles) : userId === 'admin' ? ['admin'] : [],
    isAdminProject: text(headers, 'x-is-admin-project')?.toLowerCase() !== 'false',
    serviceUserId: text(headers, 'x-service-user-id'),
    serviceUserDomainId: text(headers, 'x-service-user-domain-id'),
    serviceProjectId: text(headers, 'x-service-project-id'),
    serviceProjectDomainId: text(headers, 'x-service-project-domain-id'),
    serviceRoles: list(text(headers, 'x-service-roles') ?? ''),
  };
};

const UNAUTHORIZED = new Rejection(401, WITHOUT_USER);

function text(headers: RequestHeaders, name: string): string | null {
  const value = headers[name];
  return typeof value === 'string' ? value : null;
}

function list(value: string): string[] {
  return value
    .split(',')
    .map((one) => one.trim())
    .filter((one) => one !== '');
}
