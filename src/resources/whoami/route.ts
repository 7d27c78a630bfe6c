import type { Identity } from '../../auth/identity.js';
import { ApiError } from '../../errors.js';
import { toJson } from '../../http/json.js';
import { nowSeconds } from '../../http/respond.js';
import type { Route } from '../../http/route.js';
import { DEFAULT_RULES } from '../../policy/defaults.js';
import type { Policy } from '../../policy/policy.js';

/** The dependencies of the route of the caller. */
export interface WhoamiRouteDependencies {
  readonly policy: Policy;
}

/** Shows the caller, and the rules that allow the caller (docs/contract/console.md#who-am-i). Every valid token may use it. */
export function whoamiRoutes({ policy }: WhoamiRouteDependencies): Route[] {
  return [
    {
      method: 'GET',
      path: '/stockroom/whoami',
      rule: null,
      checkAccept: true,
      async handle({ identity }) {
        if (identity === null) throw new Error('the path is not public, so there is a caller');
        const { userId, projectId, roles, expiresAt } = identity;
        const body = {
          user_id: userId,
          project_id: projectId,
          roles,
          expires_at: expiresAt === undefined ? null : new Date(expiresAt).toISOString().replace('Z', '+00:00'),
          rules: await allowedRules(policy, identity),
        };
        return { status: 200, body: toJson(body), modified: nowSeconds() };
      },
    },
  ];
}

/** Returns the rules of routes that allow the caller, with the caller as the target. */
async function allowedRules(policy: Policy, identity: Identity): Promise<string[]> {
  const allowed: string[] = [];
  for (const { name, routes } of DEFAULT_RULES) {
    if (routes.length > 0 && (await isAllowed(policy, name, identity))) allowed.push(name);
  }
  return allowed;
}

async function isAllowed(policy: Policy, rule: string, identity: Identity): Promise<boolean> {
  try {
    await policy.authorize(rule, identity);
    return true;
  } catch (error) {
    if (error instanceof ApiError && error.status === 403) return false;
    throw error;
  }
}
