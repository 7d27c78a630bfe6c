import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import ts from 'typescript';
import { ROOT } from '../../support/process.js';

const LEVELS = ['info', 'warn', 'error', 'fatal'];
/** Shorter pieces of a message say nothing about it. */
const LEAST = 8;

/** docs/reference/log.md lists what the service logs. */
describe('the messages of the log', () => {
  const page = fs.readFileSync(path.join(ROOT, 'docs/reference/log.md'), 'utf8');
  const sources = filesOf(path.join(ROOT, 'src')).map((file) => fs.readFileSync(file, 'utf8'));
  const messages = sources.flatMap(messagesOf);

  it('are all in the reference', () => {
    assert.ok(messages.length > 50, `${messages.length} calls were found`);
    const missing = messages.filter((pieces) => !pieces.every((piece) => page.includes(piece)));
    assert.deepEqual(missing, []);
  });

  it('are all written by the code', () => {
    const all = sources.join('\n').replaceAll('\\`', '`');
    const listed = Array.from(
      page.matchAll(/^\| (?:info|warn|error|fatal) \| ``?([^|]+?)``? \|/gm),
      ([, text = '']) => text,
    );
    assert.ok(listed.length > 50, `${listed.length} messages are listed`);
    const gone = listed.filter((text) => {
      const pieces = text.split('…').map((piece) => piece.replace(/^[:;, ]+|[:;, ]+$/g, '').trim());
      return pieces.some((piece) => piece.length >= LEAST && !all.includes(piece.replace(/ after$/, '')));
    });
    assert.deepEqual(gone, []);
  });
});

/** The fixed pieces of the message of each call of a log; none where it comes from elsewhere. */
function messagesOf(text: string): string[][] {
  const found: string[][] = [];
  const visit = (node: ts.Node): void => {
    if (ts.isCallExpression(node) && isLog(node.expression)) {
      const last = node.arguments.at(-1);
      if (last !== undefined) found.push(piecesOf(last).filter((piece) => piece.length >= LEAST));
    }
    ts.forEachChild(node, visit);
  };
  visit(ts.createSourceFile('', text, ts.ScriptTarget.Latest, true));
  return found;
}

function isLog(called: ts.Expression): boolean {
  return (
    ts.isPropertyAccessExpression(called) &&
    LEVELS.includes(called.name.text) &&
    /(^|\.)log$/i.test(called.expression.getText())
  );
}

function piecesOf(message: ts.Expression): string[] {
  if (ts.isStringLiteralLike(message)) return [message.text];
  if (ts.isConditionalExpression(message)) return [...piecesOf(message.whenTrue), ...piecesOf(message.whenFalse)];
  if (!ts.isTemplateExpression(message)) return [];
  return [message.head.text, ...message.templateSpans.map(({ literal }) => literal.text)].map((piece) =>
    piece.replace(/^[:;, ]+|[:;, ]+$/g, ''),
  );
}

function filesOf(folder: string): string[] {
  return fs.readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const name = path.join(folder, entry.name);
    return entry.isDirectory() ? filesOf(name) : name.endsWith('.ts') ? [name] : [];
  });
}
