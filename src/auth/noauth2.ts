import type { Authenticate } from './identity.js';

/**
 * The strategy for tests and try-outs: believes whatever the token says, `USER` or `USER:PROJECT`
 * (spec: keystone-auth.md, noauth2).
 */
export const noauth2: Authenticate = (headers) => {
  const token = headers['x-auth-token'];
  if (typeof token !== 'string' || token === '') return null;
  const colon = token.indexOf(':');
  const userId = colon === -1 ? token : token.slice(0, colon);
  const roles = headers['x-roles'];
  const systemScope = headers['openstack-system-scope'] === 'all';
  const projectHeader = headers['x-project-id'];
  const projectId = typeof projectHeader === 'string' ? projectHeader : colon === -1 ? userId : token.slice(colon + 1);
  return {
    userId,
    projectId: systemScope ? null : projectId,
    roles:
      typeof roles === 'string'
        ? roles.split(',').map((role) => role.trim().toLowerCase())
        : userId === 'admin'
          ? ['admin']
          : [],
    systemScope,
  };
};
