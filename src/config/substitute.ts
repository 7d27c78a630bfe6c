import { ConfigError } from './error.js';

/** Returns the text of an option in the given section, or without one in the same section or in DEFAULT. Undefined when there is no such option. */
export type Lookup = (section: string | null, name: string) => string | undefined;

const REFERENCE =
  /\$(?:(\$)|([_a-z][_a-z0-9]*(?:\.[_a-z][_a-z0-9]*)?)|\{([_a-z][_a-z0-9]*(?:\.[_a-z][_a-z0-9]*)?)\})/gi;

/**
 * Replaces `$name`, `${name}`, `$section.name` and `${section.name}`, and `$$` and `\$` by a dollar sign. A dollar sign
 * before anything else stays as it is.
 *
 * @throws ConfigError for a name that does not exist
 */
export function substitute(text: string, lookup: Lookup): string {
  if (!text.includes('$')) return text;
  return text.replaceAll('\\$', '$$$$').replace(REFERENCE, (_, dollar?: string, plain?: string, braced?: string) => {
    if (dollar !== undefined) return '$';
    const [first = '', second] = (plain ?? braced ?? '').split('.');
    if (second !== undefined) {
      const value = lookup(first, second);
      if (value !== undefined) return value;
      // Without braces the dot may end a sentence, or continue a host name: $name.example.
      const host = plain === undefined ? undefined : lookup(null, first);
      if (host !== undefined) return `${host}.${second}`;
    }
    const value = second === undefined ? lookup(null, first) : undefined;
    if (value !== undefined) return value;
    throw new ConfigError(
      `it refers to another option with a dollar sign, and there is none of that name; for a dollar sign write $$`,
    );
  });
}
