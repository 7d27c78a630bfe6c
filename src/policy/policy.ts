import type { Identity } from '../auth/identity.js';

export interface PolicyTarget {
  /** The project whose usages are asked for; null when the request names none. */
  readonly projectId: string | null;
}

/**
 * Whether a caller may do what a rule guards. These are the built-in defaults (spec: policies.json): every rule allows the
 * roles `admin` and `service`, and `placement:usages` a reader of the project; tokens with the scope of the system or of a domain are
 * refused.
 */
export function isPermitted(rule: string, identity: Identity, target?: PolicyTarget): boolean {
  if (identity.systemScope !== null || identity.domainId !== null) return false;
  if (identity.roles.includes('admin') || identity.roles.includes('service')) return true;
  return (
    rule === 'placement:usages' &&
    identity.roles.includes('reader') &&
    identity.projectId !== null &&
    identity.projectId === target?.projectId
  );
}
