import { asArray, asRecord, asText } from './json.js';

/** A request that an application credential may make. */
export interface AccessRule {
  readonly service: string;
  readonly method: string;
  readonly path: readonly PathPart[];
}

/** A literal, some characters of one segment, or anything at all. */
type PathPart = string | typeof SEGMENT | typeof ANYTHING;
const SEGMENT = 1;
const ANYTHING = 2;

/** What is no rule is left out, so that it allows nothing. */
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

/** `{name}` and `*` stand for one or more characters without a slash, `**` for anything, the rest for itself. */
export function parsePath(pattern: string): readonly PathPart[] {
  return (pattern.match(/\{[^}]*\}|\*\*|\*|[^{*]+|\{/g) ?? []).map((part) =>
    part === '**' ? ANYTHING : part === '*' || /^\{.*\}$/s.test(part) ? SEGMENT : part,
  );
}

/**
 * Whether a pattern stands for the whole path. Users write these patterns: instead of a regular expression, which some of
 * them would keep busy for hours, the set of places that the parts so far can reach is carried along.
 */
export function matches(parts: readonly PathPart[], path: string): boolean {
  let reached = new Set([0]);
  for (const part of parts) {
    const next = new Set<number>();
    if (part === ANYTHING) {
      for (let end = Math.min(...reached); end <= path.length; end++) next.add(end);
    } else if (part === SEGMENT) {
      for (const start of reached) {
        // Whoever was here before has gone on from here to the end of the segment.
        for (let end = start + 1; end <= path.length && path[end - 1] !== '/' && !next.has(end); end++) next.add(end);
      }
    } else {
      for (const start of reached) if (path.startsWith(part, start)) next.add(start + part.length);
    }
    if (next.size === 0) return false;
    reached = next;
  }
  return reached.has(path.length);
}
