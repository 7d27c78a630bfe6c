import type { Template } from './template.js';

/** A parsed check of the oslo.policy language (docs/contract/policy.md#language). */
export type Check =
  | { readonly kind: 'always' }
  /** Denies. `why` is the problem of a text that is not a valid check. */
  | { readonly kind: 'never'; readonly why?: string }
  | { readonly kind: 'not'; readonly check: Check }
  | { readonly kind: 'and' | 'or'; readonly checks: readonly Check[] }
  | { readonly kind: 'rule'; readonly name: string }
  | { readonly kind: 'role'; readonly name: Template }
  | { readonly kind: 'remote'; readonly url: Template }
  /** Compares a literal, or the credential at a dotted path, with a text. */
  | { readonly kind: 'equal'; readonly left: LeftOperand; readonly right: Template };

export type LeftOperand = { readonly literal: string } | { readonly path: readonly string[] };

export const ALWAYS: Check = { kind: 'always' };
export const NEVER: Check = { kind: 'never' };

export function both(kind: 'and' | 'or', checks: readonly Check[]): Check {
  const [only] = checks;
  return checks.length === 1 && only !== undefined ? only : { kind, checks };
}

/** Calls `visit` for a check and all checks in it. Does not follow references to other rules. */
export function walk(check: Check, visit: (check: Check) => void): void {
  visit(check);
  if (check.kind === 'not') walk(check.check, visit);
  if (check.kind === 'and' || check.kind === 'or') for (const one of check.checks) walk(one, visit);
}
