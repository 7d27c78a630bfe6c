import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { Linter } from 'eslint';
import regexp from 'eslint-plugin-regexp';
import ts from 'typescript';

const SRC = path.join(import.meta.dirname, '../../src');

/** A class or group that is repeated: no other text can take long as an expression. */
const REPEATS = /[\])][*+{]/;

/** What functions put between `^` and `$`. */
const PARTS: readonly string[] = ['([1-9][0-9]*)?'];

/**
 * The texts in a source file that are regular expressions, whatever they are for. A constant that is put into a template counts
 * there, and not by itself; anything else that is put into one is left out.
 */
function patternsIn(file: string): string[] {
  const source = ts.createSourceFile(file, readFileSync(file, 'utf8'), ts.ScriptTarget.Latest);
  const constants = new Map<string, string>();
  const parts = new Set<string>();
  const texts: string[] = [];
  const each = (node: ts.Node, visit: (node: ts.Node) => void): void => {
    visit(node);
    ts.forEachChild(node, (child) => {
      each(child, visit);
    });
  };
  each(source, (node) => {
    if (ts.isVariableDeclaration(node) && ts.isIdentifier(node.name))
      if (node.initializer !== undefined && ts.isStringLiteralLike(node.initializer))
        constants.set(node.name.text, node.initializer.text);
  });
  const valueOf = (expression: ts.Expression): string => {
    const value = ts.isIdentifier(expression) ? constants.get(expression.text) : undefined;
    if (value !== undefined) parts.add(value);
    return value ?? '';
  };
  each(source, (node) => {
    if (ts.isStringLiteralLike(node)) texts.push(node.text);
    if (!ts.isTemplateExpression(node)) return;
    const spans = node.templateSpans.map(({ expression, literal }) => valueOf(expression) + literal.text);
    texts.push(node.head.text + spans.join(''));
  });
  return texts.filter((text) => !parts.has(text) && REPEATS.test(text) && expressionOf(text) !== null);
}

/** As Ajv makes it of the keyword `pattern`. */
function expressionOf(pattern: string): RegExp | null {
  try {
    return new RegExp(pattern, 'u');
  } catch {
    return null;
  }
}

/** What the rules that the source is linted with say of an expression. */
function complaints(pattern: string): string[] {
  const rules: Linter.RulesRecord = {
    'regexp/no-super-linear-backtracking': ['error', { report: 'potential' }],
    'regexp/no-super-linear-move': ['error', { report: 'potential', ignorePartial: false }],
  };
  const code = `export const expression = ${String(expressionOf(pattern))};`;
  return new Linter().verify(code, [{ plugins: { regexp }, rules }]).map(({ message }) => message);
}

/** The lint rules see expressions in the source, and not those that Ajv compiles from texts in schemas. */
describe('the patterns in schemas', () => {
  const patterns = readdirSync(SRC, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts'))
    .flatMap((name) => patternsIn(path.join(SRC, name)));

  it('take time that grows with the text alone', () => {
    assert.ok(patterns.length >= 27, `${patterns.length} were found`);
    assert.ok(patterns.includes('^CUSTOM_[A-Z0-9_]+$'));
    for (const pattern of new Set(patterns)) {
      const whole = PARTS.includes(pattern) ? `^${pattern}$` : pattern;
      assert.deepEqual(complaints(whole), [], whole);
    }
  });

  it('would be found if they did not', () => {
    for (const pattern of ['^(a+)+$', '^[a-z]*[a-z0-9]*$', '^([^/]+/?)*$', '[{}]+$'])
      assert.notDeepEqual(complaints(pattern), [], pattern);
  });
});
