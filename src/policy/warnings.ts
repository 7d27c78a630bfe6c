import { credential } from './credentials.js';
import { DEFAULT_RULES } from './defaults.js';
import { walk, type Check } from './language/check.js';
import type { PolicyProblem } from './problem.js';
import { referredTo, type Rule, type RuleOptions } from './rules.js';

const KNOWN = new Set(DEFAULT_RULES.map((rule) => rule.name));
const ASKED_FOR = new Set(DEFAULT_RULES.filter((rule) => rule.routes.length > 0).map((rule) => rule.name));

/** Returns warnings about rules of files that are valid, but probably mistakes. */
export function warningsOf(
  rules: ReadonlyMap<string, Rule>,
  { defaultRule }: Pick<RuleOptions, 'defaultRule'>,
): PolicyProblem[] {
  const referred = new Set<string>();
  for (const { check } of rules.values()) {
    walk(check, (one) => {
      if (one.kind === 'rule') referred.add(referredTo(one.name, rules, defaultRule) ?? '');
    });
  }
  return [...rules.values()].flatMap(({ name, check, place }) => {
    if (place === null) return [];
    const messages: string[] = [];
    walk(check, (one) => {
      messages.push(...complaints(one, rules, defaultRule));
    });
    if (!ASKED_FOR.has(name) && !referred.has(name) && name !== defaultRule) {
      messages.push(
        KNOWN.has(name) ? 'has no effect: no rule refers to it' : 'has no effect: the service has no such rule',
      );
    }
    return messages.map((message) => ({ severity: 'warning' as const, rule: name, place, message }));
  });
}

function complaints(check: Check, rules: ReadonlyMap<string, Rule>, defaultRule: string): string[] {
  if (check.kind === 'never' && check.why !== undefined) return [`${check.why}; it denies`];
  if (check.kind === 'rule' && !rules.has(check.name)) {
    const instead = referredTo(check.name, rules, defaultRule);
    const meaning = instead === null ? 'it denies' : `rule:${instead} stands for it`;
    return [`refers to rule:${check.name}, which does not exist; ${meaning}`];
  }
  if (check.kind === 'equal' && 'path' in check.left) {
    const name = check.left.path.join('.');
    if (credential(name) === undefined) return [`${JSON.stringify(name)} is nothing known about a caller; it denies`];
  }
  return [];
}
