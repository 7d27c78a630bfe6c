import { ALWAYS, both, NEVER, type Check } from './check.js';
import { tokenize, type Token } from './lexer.js';
import { parseOne } from './one-check.js';
import { PolicySyntaxError } from './syntax-error.js';

/** The most nested parentheses and `not`. No real policy needs so many, and the code that reads a policy must not overflow the stack. */
const MAX_NESTING = 100;

/**
 * Parses a rule.
 *
 *     rule  = "" | or
 *     or    = and { "or" and }
 *     and   = unary { "and" unary }
 *     unary = "not" unary | "(" or ")" | check
 *
 * @throws PolicySyntaxError, and nothing else
 */
export function parseRule(rule: string): Check {
  if (rule === '') return ALWAYS;
  const tokens = tokenize(rule);
  let next = 0;

  const failAt = (token: Token | undefined, expected: string): never => {
    const found = token === undefined ? 'the end' : JSON.stringify(token.text);
    throw new PolicySyntaxError(`expected ${expected}, found ${found}`, rule, token?.offset ?? rule.length);
  };
  const chain = (kind: 'and' | 'or', depth: number, operand: (depth: number) => Check): Check => {
    const checks = [operand(depth)];
    while (tokens[next]?.kind === kind) {
      next++;
      checks.push(operand(depth));
    }
    return both(kind, checks);
  };
  const or = (depth: number): Check => chain('or', depth, and);
  const and = (depth: number): Check => chain('and', depth, unary);
  const unary = (depth: number): Check => {
    const token = tokens[next++];
    if (token === undefined) return failAt(token, 'a check');
    if (depth > MAX_NESTING) {
      throw new PolicySyntaxError(`nested more than ${MAX_NESTING} levels deep`, rule, token.offset);
    }
    switch (token.kind) {
      case 'not':
        return { kind: 'not', check: unary(depth + 1) };
      case '(': {
        const inside = or(depth + 1);
        const close = tokens[next++];
        return close?.kind === ')' ? inside : failAt(close, '"and", "or" or ")"');
      }
      case 'check':
        return parseOne(token.text, (message, offset) => {
          throw new PolicySyntaxError(message, rule, token.offset + offset);
        });
      case ')':
      case 'and':
      case 'or':
      case 'string':
        return failAt(token, 'a check');
    }
  };

  const check = or(0);
  const rest = tokens[next];
  return rest === undefined ? check : failAt(rest, '"and", "or" or the end');
}

/**
 * Parses the old list form: a list whose items are ORed. An item is a check, or a list of checks that are ANDed.
 *
 * @param items texts, or lists of texts
 * @throws PolicySyntaxError, whose position is in the text of the check
 */
export function parseList(items: readonly (string | readonly string[])[]): Check {
  if (items.length === 0) return ALWAYS;
  const alternatives = items
    .map((item) => (typeof item === 'string' ? [item] : item))
    .filter((item) => item.length > 0 && !(item.length === 1 && item[0] === ''))
    .map((item) => both('and', item.map(parseAlone)));
  return alternatives.length === 0 ? NEVER : both('or', alternatives);
}

function parseAlone(text: string): Check {
  return parseOne(text, (message, offset) => {
    throw new PolicySyntaxError(message, text, offset);
  });
}
