import { compile, type PolicyQuery, type Test } from './compile.js';
import { DEFAULT_RULES } from './defaults.js';
import type { FileRule } from './file.js';
import type { Check } from './language/check.js';
import { parseRule } from './language/parser.js';
import { PolicyFileError, type FilePosition } from './problem.js';

/** A rule after the files have overridden the defaults. */
export interface Rule {
  readonly name: string;
  readonly check: Check;
  readonly text: string;
  /** Tokens of any other scope are rejected; null for any scope. */
  readonly scopes: readonly string[] | null;
  /** The position of the rule in a file; null for a default. */
  readonly place: FilePosition | null;
}

export interface RuleOptions {
  /** If false, the deprecated defaults still allow, too. */
  readonly enforceNewDefaults: boolean;
  /** The rule that is used in place of a rule that does not exist. */
  readonly defaultRule: string;
}

/** Returns the rules in force. A rule of a file replaces the default with its name completely, including the deprecated part. */
export function rulesOf(
  fileRules: ReadonlyMap<string, FileRule>,
  { enforceNewDefaults }: Pick<RuleOptions, 'enforceNewDefaults'>,
): ReadonlyMap<string, Rule> {
  const rules = new Map<string, Rule>();
  for (const { name, check, deprecated, scopes } of DEFAULT_RULES) {
    const text = deprecated === undefined || enforceNewDefaults ? check : `(${check}) or ${deprecated}`;
    rules.set(name, { name, text, check: parseRule(text), scopes, place: null });
  }
  for (const { name, text, check, place } of fileRules.values()) {
    rules.set(name, { name, text, check, place, scopes: rules.get(name)?.scopes ?? null });
  }
  return rules;
}

/** Returns the name of the rule that a reference means; null when there is none, and the reference denies. */
export function referredTo(name: string, rules: ReadonlyMap<string, Rule>, defaultRule: string): string | null {
  if (rules.has(name)) return name;
  return rules.has(defaultRule) ? defaultRule : null;
}

/** The most levels of nested checks and references to rules together. */
const MAX_DEPTH = 500;

/**
 * Compiles all rules.
 *
 * @throws PolicyFileError when rules refer to each other in a cycle, or too deep
 */
export function compileRules(
  rules: ReadonlyMap<string, Rule>,
  { defaultRule }: Pick<RuleOptions, 'defaultRule'>,
  remote: (url: string, query: PolicyQuery) => Promise<boolean>,
): ReadonlyMap<string, Test> {
  const depths = new Map<string, number>();
  const path: string[] = [];
  /** Returns the number of levels below a rule. @param above the number of levels above it */
  const depthOf = (name: string, above: number): number => {
    if (path.includes(name)) throw cycle([...path.slice(path.indexOf(name)), name], rules);
    path.push(name);
    const depth = depths.get(name) ?? checkDepth((rules.get(name) as Rule).check, above);
    // `checkDepth` checks this on the way down as well, because the recursion must not overflow the stack, either.
    if (above + depth > MAX_DEPTH) throw rejection('is too deep, with the rules it refers to', path, rules);
    path.pop();
    depths.set(name, depth);
    return depth;
  };
  const checkDepth = (check: Check, above: number): number => {
    if (above > MAX_DEPTH) throw rejection('is too deep, with the rules it refers to', path, rules);
    if (check.kind === 'not') return 1 + checkDepth(check.check, above + 1);
    if (check.kind === 'and' || check.kind === 'or') {
      return check.checks.reduce((deepest, one) => Math.max(deepest, 1 + checkDepth(one, above + 1)), 1);
    }
    const referred = check.kind === 'rule' ? referredTo(check.name, rules, defaultRule) : null;
    return referred === null ? 1 : 1 + depthOf(referred, above + 1);
  };
  for (const name of rules.keys()) depthOf(name, 0);

  const tests = new Map<string, Test>();
  const testOf = (reference: string): Test => {
    const name = referredTo(reference, rules, defaultRule);
    if (name === null) return () => false;
    const test = tests.get(name) ?? compile((rules.get(name) as Rule).check, { rule: testOf, remote });
    tests.set(name, test);
    return test;
  };
  for (const name of rules.keys()) testOf(name);
  return tests;
}

function cycle(names: readonly string[], rules: ReadonlyMap<string, Rule>): PolicyFileError {
  const chain = names.map((name) => `rule:${name}`).join(' -> ');
  return rejection(`refers to itself: ${chain}`, names, rules);
}

/** The defaults alone have no cycles and are not too deep, so at least one of the rules is from a file. The error has its position. */
function rejection(why: string, names: readonly string[], rules: ReadonlyMap<string, Rule>): PolicyFileError {
  const involved = names.map((name) => rules.get(name)).find((rule) => rule?.place != null);
  return new PolicyFileError(`rule ${involved?.name ?? names[0] ?? ''} ${why}`, involved?.place ?? 'policy');
}
