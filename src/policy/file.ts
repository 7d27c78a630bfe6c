import {
  isAlias,
  isMap,
  isScalar,
  isSeq,
  Lexer,
  LineCounter,
  parseDocument,
  Parser,
  type Document,
  type Node,
} from 'yaml';
import { NEVER, type Check } from './language/check.js';
import { parseList, parseRule } from './language/parser.js';
import { PolicySyntaxError } from './language/syntax-error.js';
import { PolicyFileError, type FilePosition, type PolicyProblem } from './problem.js';
import { placeInScalar } from './yaml-place.js';

/** A rule in a file. */
export interface FileRule {
  readonly name: string;
  /** Denies when the text cannot be parsed. */
  readonly check: Check;
  /** The check as text; the list form as JSON. */
  readonly text: string;
  readonly place: FilePosition;
}

export interface PolicyFile {
  readonly rules: ReadonlyMap<string, FileRule>;
  readonly problems: readonly PolicyProblem[];
}

/**
 * Reads the text of a policy file: a YAML mapping of rule names to checks (JSON is YAML, too).
 *
 * @throws PolicyFileError when the text is not such a mapping; a malformed check only denies, and is reported
 */
export function parsePolicyFile(text: string, file: string): PolicyFile {
  const lines = new LineCounter();
  const placeAt = (offset: number): FilePosition => {
    const { line, col } = lines.linePos(offset);
    return { file, line, column: col };
  };
  const document = readYaml(text, file, lines);
  const [broken] = document.errors;
  if (broken !== undefined) {
    const reason = broken.code === 'MULTIPLE_DOCS' ? 'expected only one YAML document' : broken.message;
    throw new PolicyFileError(reason, placeAt(broken.pos[0]), { cause: broken });
  }

  const rules = new Map<string, FileRule>();
  const problems: PolicyProblem[] = [];
  const top = document.contents;
  if (top === null || (isScalar(top) && top.value === null)) return { rules, problems };
  if (!isMap(top)) {
    throw new PolicyFileError('expected a mapping of rule names to checks', placeAt(top.range?.[0] ?? 0));
  }
  for (const { key, value } of top.items) {
    const keyOffset = (key as Node | null)?.range?.[0] ?? 0;
    const place = placeAt(keyOffset);
    const name = isScalar(key) ? nameText(key.value) : null;
    if (name === null) throw new PolicyFileError('expected the name of a rule', place);
    const node = resolved(value as Node | null, document);
    if (rules.has(name)) {
      problems.push({
        severity: 'warning',
        rule: name,
        place,
        message: 'comes twice; this one replaces the earlier one',
      });
    }
    const fail = (message: string, offset: number): Check => {
      const where = offset === -1 ? place : placeAt(offset);
      problems.push({ severity: 'error', rule: name, place: where, message: `${message}; it denies` });
      return NEVER;
    };
    rules.set(name, { name, place, text: sourceText(node), check: parseValue(node, document, text, fail) });
  }
  return { rules, problems };
}

/** A rule needs at most two nested lists. */
const MAX_NESTING = 20;

/** Reads YAML like PyYAML: version 1.1, and when a name occurs twice, the last one counts. */
function readYaml(text: string, file: string, lineCounter: LineCounter): Document {
  // The library parses nested nodes by recursion. When the stack overflows in a regular expression, the process ends.
  const lines = new LineCounter();
  lines.addNewLine(0);
  const parser = new Parser(lines.addNewLine);
  for (const lexeme of new Lexer().lex(text)) {
    Array.from(parser.next(lexeme));
    if (parser.stack.length > MAX_NESTING) {
      const { line, col } = lines.linePos(parser.offset);
      throw new PolicyFileError('nested too deeply', { file, line, column: col });
    }
  }
  return parseDocument(text, { version: '1.1', uniqueKeys: false, prettyErrors: false, lineCounter });
}

function nameText(value: unknown): string | null {
  if (typeof value === 'string') return value;
  return typeof value === 'number' || typeof value === 'boolean' ? String(value) : null;
}

/** Follows an alias. Returns null when the alias has no target. */
function resolved(node: Node | null, document: Document): Node | null {
  return isAlias(node) ? (node.resolve(document) ?? null) : node;
}

type Fail = (message: string, offset: number) => Check;

function parseValue(node: Node | null, document: Document, text: string, fail: Fail): Check {
  const offset = node?.range?.[0] ?? -1;
  // `rule: !` without quotes is a YAML tag without a value. Without this check it would be an empty rule, which allows everything.
  if (node?.tag === '!') return fail('"!" must be quoted, or it is no text', offset);
  try {
    if (isScalar(node) && typeof node.value === 'string') return parseRule(node.value);
    if (isSeq(node)) return parseList(listOf(node, document));
  } catch (error) {
    if (!(error instanceof PolicySyntaxError)) throw error;
    return fail(error.message, isScalar(node) ? placeInScalar(node, text, error.offset) : offset);
  }
  return fail('expected a text, "@" (allow all) or "!" (deny all)', offset);
}

/** Returns the list form as texts. @throws PolicySyntaxError when an item is not a text or a list of texts */
function listOf(node: Node, document: Document): (string | string[])[] {
  if (!isSeq(node)) return [];
  const texts = (item: unknown, deeper: boolean): string | string[] => {
    const one = resolved(item as Node | null, document);
    if (isScalar(one) && typeof one.value === 'string' && one.tag !== '!') return one.value;
    if (deeper && isSeq(one)) return one.items.map((inner) => texts(inner, false) as string);
    throw new PolicySyntaxError('expected a list of checks, or of lists of checks', '', 0);
  };
  return node.items.map((item) => texts(item, true));
}

function sourceText(node: Node | null): string {
  if (isScalar(node) && typeof node.value === 'string') return node.value;
  try {
    return JSON.stringify(node?.toJSON() ?? null);
  } catch {
    return '(unreadable)';
  }
}
