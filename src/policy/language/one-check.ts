import { ALWAYS, NEVER, type Check } from './check.js';
import { literalText } from './literal.js';
import { parseTemplate, type Template } from './template.js';

/** Reports a problem at an offset of the text. It does not return. */
type Fail = (message: string, offset: number) => never;

/** Parses one check: `@`, `!`, or two texts with a colon between them. The first colon counts. */
export function parseOne(text: string, fail: Fail): Check {
  if (text === '@') return ALWAYS;
  if (text === '!') return NEVER;
  const colon = text.indexOf(':');
  // As upstream, such a check denies, and the rest of the rule stays valid.
  if (colon === -1) return { kind: 'never', why: `${JSON.stringify(text)} is not a check: it has no colon` };
  const left = text.slice(0, colon);
  const right = text.slice(colon + 1);
  switch (left) {
    case 'rule':
      return { kind: 'rule', name: right };
    case 'role':
      return { kind: 'role', name: template(right, colon + 1, fail) };
    case 'http':
    case 'https':
      return { kind: 'remote', url: remoteUrl(text, fail) };
    default: {
      const literal = literalText(left);
      const compared = literal === undefined ? { path: left.split('.') } : { literal };
      return { kind: 'equal', left: compared, right: template(right, colon + 1, fail) };
    }
  }
}

function template(text: string, start: number, fail: Fail): Template {
  const parsed = parseTemplate(text);
  return 'message' in parsed ? fail(parsed.message, start + parsed.offset) : parsed;
}

function remoteUrl(text: string, fail: Fail): Template {
  const url = template(text, 0, fail);
  const example = url.parts.map((part) => (typeof part === 'string' ? part : 'x')).join('');
  return URL.canParse(example) ? url : fail(`${JSON.stringify(text)} is not a URL`, 0);
}
