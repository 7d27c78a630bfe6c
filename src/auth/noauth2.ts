import type { Authenticate } from './identity.js';

/**
 * The strategy for tests and try-outs: believes whatever the token says, `USER` or `USER:PROJECT`, and the identity headers
 * that Keystone's middleware would set (spec: keystone-auth.md, noauth2).
 */
export const noauth2: Authenticate = (headers) => {
  const token = headers['x-auth-token'];
  if (typeof token !== 'string' || token === '') return null;
  const text = (name: string): string | null => {
    const value = headers[name];
    return typeof value === 'string' && value !== '' ? value : null;
  };
  const colon = token.indexOf(':');
  const userId = colon === -1 ? token : token.slice(0, colon);
  const tokenProject = colon === -1 || colon === token.length - 1 ? userId : token.slice(colon + 1);
  const roles = headers['x-roles'];
  const systemScope = headers['openstack-system-scope'] === 'all' ? 'all' : null;
  const domainId = text('x-domain-id');
  return {
    userId,
    userDomainId: text('x-user-domain-id'),
    projectId: systemScope === null && domainId === null ? (text('x-project-id') ?? tokenProject) : null,
    projectDomainId: text('x-project-domain-id'),
    domainId,
    systemScope,
    roles: typeof roles === 'string' ? list(roles) : userId === 'admin' ? ['admin'] : [],
    isAdminProject: text('x-is-admin-project')?.toLowerCase() !== 'false',
    serviceUserId: text('x-service-user-id'),
    serviceUserDomainId: text('x-service-user-domain-id'),
    serviceProjectId: text('x-service-project-id'),
    serviceProjectDomainId: text('x-service-project-domain-id'),
    serviceRoles: list(text('x-service-roles') ?? ''),
  };
};

function list(value: string): string[] {
  return value
    .split(',')
    .map((one) => one.trim())
    .filter((one) => one !== '');
}
