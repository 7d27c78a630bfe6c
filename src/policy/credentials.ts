import type { Identity } from '../auth/identity.js';
import type { Value } from './language/literal.js';

export type Credential = Value | readonly string[];

/** The credentials of a caller that checks can name (docs/contract/policy.md#credentials). */
const CREDENTIALS: Readonly<Record<string, (identity: Identity) => Credential | undefined>> = {
  user_id: (identity) => identity.userId,
  user_domain_id: (identity) => identity.userDomainId,
  project_id: (identity) => identity.projectId,
  project_domain_id: (identity) => identity.projectDomainId,
  domain_id: (identity) => identity.domainId,
  system_scope: (identity) => identity.systemScope,
  // The old name of system_scope. It exists only when the token has a system scope.
  system: (identity) => identity.systemScope ?? undefined,
  roles: (identity) => identity.roles,
  is_admin_project: (identity) => identity.isAdminProject,
  service_user_id: (identity) => identity.serviceUserId,
  service_user_domain_id: (identity) => identity.serviceUserDomainId,
  service_project_id: (identity) => identity.serviceProjectId,
  service_project_domain_id: (identity) => identity.serviceProjectDomainId,
  service_roles: (identity) => identity.serviceRoles,
};

/** Returns a function that reads a credential; undefined when there is no credential with that name. */
export function credential(name: string): ((identity: Identity) => Credential | undefined) | undefined {
  return Object.hasOwn(CREDENTIALS, name) ? CREDENTIALS[name] : undefined;
}

/** All credentials of a caller, as a remote server gets them. */
export function credentialsOf(identity: Identity): Record<string, Credential> {
  const named = Object.entries(CREDENTIALS).map(([name, read]) => [name, read(identity)] as const);
  return Object.fromEntries(named.filter((pair): pair is [string, Credential] => pair[1] !== undefined));
}

export type Scope = 'system' | 'domain' | 'project';

/** A token without any scope counts as one for a project. */
export function scopeOf({ systemScope, domainId }: Identity): Scope {
  if (systemScope !== null) return 'system';
  return domainId !== null && domainId !== '' ? 'domain' : 'project';
}
