import assert from 'node:assert/strict';
import fc from 'fast-check';
import { parsePolicyFile } from '../../../src/policy/file.js';
import { parseList, parseRule } from '../../../src/policy/language/parser.js';
import { PolicySyntaxError } from '../../../src/policy/language/syntax-error.js';
import { PolicyFileError } from '../../../src/policy/problem.js';
import { ask } from '../../support/policy.js';

/** Words that policies are made of, and what could confuse their parser. */
const word = fc.constantFrom(
  ...[
    'and',
    'or',
    'not',
    'AND',
    '(',
    ')',
    '((',
    '))',
    '@',
    '!',
    '%',
    '%%',
    '%(project_id)s',
    '%(',
    ')s',
    "'",
    '"',
    ':',
  ],
  ...[
    'role:',
    'role:member',
    'rule:x',
    'http:',
    'https://a/%(project_id)s',
    'project_id:%(project_id)s',
    'None:',
    '1.5:',
    '\\',
  ],
  ...['\n', '\t', '\0', '\ud800', 'İ', '.', '..:', '__proto__:x', 'constructor.name:Object'],
);
const text = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.array(word, { maxLength: 30 }).map((words) => words.join('')),
  fc.array(word, { maxLength: 30 }).map((words) => words.join(' ')),
);

/** Expressions with what they come to, and every way to write them down. */
type Expression = readonly [kind: '@' | '!' | 'not' | 'and' | 'or', ...operands: Expression[]];

const { expression } = fc.letrec<{ expression: Expression }>((tie) => ({
  expression: fc.oneof(
    { depthSize: 'medium', withCrossShrink: true },
    fc.constantFrom<Expression>(['@'], ['!']),
    tie('expression').map((one): Expression => ['not', one]),
    fc
      .tuple(fc.constantFrom('and', 'or'), fc.array(tie('expression'), { minLength: 2, maxLength: 4 }))
      .map(([kind, operands]): Expression => [kind as 'and', ...operands]),
  ),
}));

function meaning([kind, ...operands]: Expression): boolean {
  if (kind === '@' || kind === '!') return kind === '@';
  if (kind === 'not') return !meaning(operands[0]!);
  return kind === 'and' ? operands.every(meaning) : operands.some(meaning);
}

const STRENGTH = { or: 0, and: 1, not: 2, '@': 3, '!': 3 };

/** With no more parentheses than precedence needs, so that precedence is what is tested. */
function written([kind, ...operands]: Expression, within = 0): string {
  const strength = STRENGTH[kind];
  const parts = operands.map((one) => written(one, kind === 'not' ? strength : strength + 1));
  const text = kind === 'not' ? `not ${parts[0]}` : operands.length === 0 ? kind : parts.join(` ${kind} `);
  return strength < within ? `(${text})` : text;
}

describe('policies of any kind', () => {
  it('a text is a rule that decides, or an error with its place', () => {
    fc.assert(
      fc.property(text, (rule) => {
        try {
          const response = ask(rule);
          if (typeof response !== 'boolean')
            return (
              response.then(
                () => undefined,
                () => undefined,
              ) instanceof Promise
            );
        } catch (error) {
          assert.ok(error instanceof PolicySyntaxError, String(error));
          assert.ok(error.offset >= 0 && error.offset <= rule.length);
          assert.ok(error.line >= 1 && error.column >= 1);
        }
        return true;
      }),
      { numRuns: 3000 },
    );
  });

  it('so is a list', () => {
    fc.assert(
      fc.property(fc.array(fc.oneof(text, fc.array(text))), (items) => {
        try {
          const response = ask(parseList(items));
          if (typeof response !== 'boolean') response.catch(() => undefined);
        } catch (error) {
          assert.ok(error instanceof PolicySyntaxError, String(error));
        }
      }),
      { numRuns: 500 },
    );
  });

  it('means what its expression means', () => {
    fc.assert(
      fc.property(expression, (one) => {
        assert.equal(ask(written(one)), meaning(one), written(one));
      }),
      { numRuns: 2000 },
    );
  });

  it('a rule is never read with the wrong offset', () => {
    // Two complete checks beside each other: the second is what is wrong.
    fc.assert(
      fc.property(expression, fc.constantFrom(' ', '\n', '  \n '), (one, space) => {
        const rule = `(${written(one)})${space}role:x`;
        assert.throws(
          () => parseRule(rule),
          (error) => error instanceof PolicySyntaxError && error.offset === rule.length - 'role:x'.length,
        );
      }),
    );
  });

  it('a file is a set of rules, or an error with its place', () => {
    const yaml = fc.oneof(
      text,
      fc
        .array(fc.tuple(fc.constantFrom('a', 'b', '"c"', '- d', '? e', '&f g', '*f', '<<', '1', '~'), text))
        .map((lines) => lines.map(([key, value]) => `${key}: ${value}`).join('\n')),
      fc.dictionary(fc.string(), fc.jsonValue()).map((value) => JSON.stringify(value)),
      fc.jsonValue().map((value) => JSON.stringify(value)),
    );
    fc.assert(
      fc.property(yaml, (source) => {
        try {
          const { rules, problems } = parsePolicyFile(source, 'policy.yaml');
          const lines = source.split(/\r\n|\n|\r/).length;
          for (const { place } of [...rules.values(), ...problems]) {
            assert.ok(place !== undefined && place.line >= 1 && place.line <= lines + 1 && place.column >= 1);
          }
        } catch (error) {
          assert.ok(error instanceof PolicyFileError, String((error as Error).stack));
        }
      }),
      { numRuns: 2000 },
    );
  });
});
