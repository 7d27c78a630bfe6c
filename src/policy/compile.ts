import type { Identity } from '../auth/identity.js';
import { credential } from './credentials.js';
import type { Check, LeftOperand } from './language/check.js';
import { pythonText } from './language/literal.js';
import { constantText, fill, type Target, type Template } from './language/template.js';

/** The input of a rule. The rule decides whether the caller is allowed to do something. */
export interface PolicyQuery {
  /** The rule of the route. It stays the same when that rule refers to other rules. */
  readonly rule: string;
  readonly identity: Identity;
  readonly target: Target;
}

export type Decision = boolean | Promise<boolean>;

/** A compiled check. It decides at once unless it has to ask a remote server. Only a remote server can make it fail. */
export type Test = (query: PolicyQuery) => Decision;

export interface CompileContext {
  /** The test of another rule. */
  readonly rule: (name: string) => Test;
  /** Asks a remote server. */
  readonly remote: (url: string, query: PolicyQuery) => Promise<boolean>;
}

const allow: Test = () => true;
const deny: Test = () => false;

/** Compiles a check into a function, so that each request only calls the function. */
export function compile(check: Check, context: CompileContext): Test {
  switch (check.kind) {
    case 'always':
      return allow;
    case 'never':
      return deny;
    case 'not':
      return negation(compile(check.check, context));
    case 'and':
    case 'or':
      return chain(
        check.checks.map((one) => compile(one, context)),
        check.kind === 'or',
      );
    case 'rule':
      return context.rule(check.name);
    case 'role':
      return role(check.name);
    case 'remote':
      return remote(check.url, context);
    case 'equal':
      return equal(check.left, check.right);
  }
}

function negation(test: Test): Test {
  return (query) => {
    const decision = test(query);
    return typeof decision === 'boolean' ? !decision : decision.then((allowed) => !allowed);
  };
}

/** Evaluates one test after the other until one returns `decisive`. */
function chain(tests: readonly Test[], decisive: boolean): Test {
  const askFrom = (first: number, query: PolicyQuery): Decision => {
    let index = first;
    for (let test = tests[index]; test !== undefined; test = tests[++index]) {
      const decision = test(query);
      if (decision === decisive) return decisive;
      if (typeof decision !== 'boolean') {
        const next = index + 1;
        return decision.then((allowed) => (allowed === decisive ? decisive : askFrom(next, query)));
      }
    }
    return !decisive;
  };
  return (query) => askFrom(0, query);
}

function role(name: Template): Test {
  const constant = constantText(name)?.toLowerCase();
  return ({ identity, target }) => {
    const wanted = constant ?? fill(name, target)?.toLowerCase();
    return wanted !== undefined && identity.roles.some((one) => one === wanted || one.toLowerCase() === wanted);
  };
}

function remote(url: Template, context: CompileContext): Test {
  return (query) => {
    // The values are percent-encoded, so that a client cannot choose another server or path.
    const filled = fill(url, query.target, encodeURIComponent);
    return filled === undefined ? false : context.remote(filled, query);
  };
}

function equal(left: LeftOperand, right: Template): Test {
  if ('literal' in left) return ({ target }) => fill(right, target) === left.literal;
  // Credentials are texts, or lists of texts, so a path with a second segment leads to nothing.
  const read = left.path.length === 1 ? credential(left.path[0] ?? '') : undefined;
  if (read === undefined) return deny;
  return ({ identity, target }) => {
    const wanted = fill(right, target);
    const value = read(identity);
    if (wanted === undefined || value === undefined) return false;
    if (typeof value === 'object' && value !== null) return value.includes(wanted);
    return pythonText(value) === wanted;
  };
}
