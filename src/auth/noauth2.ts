import { NO_SERVICE, Refusal, WITHOUT_USER, type Authenticate, type RequestHeaders } from './identity.js';

/**
 * The strategy for tests and try-outs: believes whatever the token says, `USER` or `USER:PROJECT`
 * (spec: keystone-auth.md, noauth2).
 */
export const noauth2: Authenticate = (headers) => {
  const token = text(headers, 'x-auth-token');
  if (token === null || token === '') return UNAUTHORIZED;
  const colon = token.indexOf(':');
  const userId = colon === -1 ? token : token.slice(0, colon);
  const roles = text(headers, 'x-roles');
  const systemScope = headers['openstack-system-scope'] === 'all' ? 'all' : null;
  const domainId = systemScope === null ? text(headers, 'x-domain-id') : null;
  const projectOfToken = colon === -1 ? userId : token.slice(colon + 1);
  const scopedToProject = systemScope === null && domainId === null;
  return {
    userId,
    userDomainId: null,
    projectId: scopedToProject ? (text(headers, 'x-project-id') ?? projectOfToken) : null,
    projectDomainId: null,
    domainId,
    systemScope,
    roles:
      roles !== null ? roles.split(',').map((role) => role.trim().toLowerCase()) : userId === 'admin' ? ['admin'] : [],
    isAdminProject: true,
    ...NO_SERVICE,
  };
};

const UNAUTHORIZED = new Refusal(401, WITHOUT_USER);

function text(headers: RequestHeaders, name: string): string | null {
  const value = headers[name];
  return typeof value === 'string' ? value : null;
}
