import { asArray, asRecord, asText } from './json.js';

/** A request that an application credential may make. */
export interface AccessRule {
  readonly service: string;
  readonly method: string;
  readonly path: readonly PathPart[];
}

/** A part of a pattern: a literal, characters of one segment, or any characters. */
type PathPart = string | typeof SEGMENT | typeof ANYTHING;
const SEGMENT = 1;
const ANYTHING = 2;

/** Leaves out items that are not rules, so that they allow nothing. */
export function parseAccessRules(value: unknown): readonly AccessRule[] {
  return asArray(value).flatMap((one) => {
    const rule = asRecord(one);
    const [service, method, path] = [asText(rule['service']), asText(rule['method']), asText(rule['path'])];
    return service === null || method === null || path === null ? [] : [{ service, method, path: parsePath(path) }];
  });
}

export function isAllowed(rules: readonly AccessRule[], service: string, method: string, path: string): boolean {
  return rules.some((rule) => rule.service === service && rule.method === method && matches(rule.path, path));
}

/** `{name}` and `*` match one or more characters without a slash, and `**` matches anything. The rest is a literal. */
export function parsePath(pattern: string): readonly PathPart[] {
  return partsOf(pattern).map((part) =>
    part === '**' ? ANYTHING : part === '*' || /^\{.*\}$/s.test(part) ? SEGMENT : part,
  );
}

/** Does not use one regular expression, because it would read to the end of the text at each brace that is not closed. */
function partsOf(pattern: string): string[] {
  const lastClosed = pattern.lastIndexOf('}');
  const parts: string[] = [];
  for (let at = 0; at < pattern.length; at += parts.at(-1)?.length ?? 0) {
    if (pattern[at] === '{') parts.push(at < lastClosed ? pattern.slice(at, pattern.indexOf('}', at) + 1) : '{');
    else if (pattern[at] === '*') parts.push(pattern[at + 1] === '*' ? '**' : '*');
    else parts.push(literalAt(pattern, at));
  }
  return parts;
}

function literalAt(pattern: string, start: number): string {
  let end = start;
  while (end < pattern.length && pattern[end] !== '{' && pattern[end] !== '*') end++;
  return pattern.slice(start, end);
}

/**
 * Whether a pattern matches the whole path. Users write these patterns, and some patterns would keep a regular expression
 * busy for hours. So the function keeps the set of positions in the path that the parts so far can reach.
 */
export function matches(parts: readonly PathPart[], path: string): boolean {
  const places = path.length + 1;
  let reached = new Uint8Array(places);
  reached[0] = 1;
  for (const part of parts) {
    const next = new Uint8Array(places);
    if (part === ANYTHING) {
      next.fill(1, reached.indexOf(1));
    } else if (part === SEGMENT) {
      for (let end = 1; end < places; end++) {
        if (path[end - 1] !== '/' && (reached[end - 1] === 1 || next[end - 1] === 1)) next[end] = 1;
      }
    } else {
      for (let start = reached.indexOf(1); start !== -1; start = reached.indexOf(1, start + 1)) {
        if (path.startsWith(part, start)) next[start + part.length] = 1;
      }
    }
    if (!next.includes(1)) return false;
    reached = next;
  }
  return reached[path.length] === 1;
}
