import { pythonText, type Value } from './literal.js';

/** A text with `%(key)s`, which is replaced by values of the target of a request. */
export interface Template {
  /** The text in the rule. */
  readonly source: string;
  /** Texts, and keys of the target. */
  readonly parts: readonly (string | { readonly key: string })[];
}

/** The target of a request: keys that `%(key)s` can name. */
export type Target = Readonly<Record<string, Value>>;

export interface BadTemplate {
  readonly message: string;
  readonly offset: number;
}

/** Parses a template. `%%` is a percent sign. Other conversions of Python (`%d`, `%(x)r`) are rejected, because policies do not need them. */
export function parseTemplate(source: string): Template | BadTemplate {
  const parts: (string | { key: string })[] = [];
  let at = 0;
  while (at < source.length) {
    const percent = source.indexOf('%', at);
    if (percent === -1) break;
    if (percent > at) parts.push(source.slice(at, percent));
    if (source[percent + 1] === '%') {
      parts.push('%');
      at = percent + 2;
      continue;
    }
    const close = source[percent + 1] === '(' ? source.indexOf(')', percent) : -1;
    if (close === -1 || source[close + 1] !== 's') {
      return { message: 'after % there must be (name)s, or another % for a percent sign', offset: percent };
    }
    parts.push({ key: source.slice(percent + 2, close) });
    at = close + 2;
  }
  if (at < source.length) parts.push(source.slice(at));
  return { source, parts };
}

/** Returns the text when the template has no `%(key)s`, else undefined. */
export function constantText({ parts }: Template): string | undefined {
  return parts.every((part) => typeof part === 'string') ? parts.join('') : undefined;
}

/** Fills in the values of a target. Returns undefined when the target lacks a key. */
export function fill({ parts }: Template, target: Target, encode = (text: string) => text): string | undefined {
  let filled = '';
  for (const part of parts) {
    if (typeof part === 'string') filled += part;
    else {
      if (!Object.hasOwn(target, part.key)) return undefined;
      filled += encode(pythonText(target[part.key] ?? null));
    }
  }
  return filled;
}
