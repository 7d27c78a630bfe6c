import { ConfigError } from './error.js';
import { sectionName, type Entry } from './ini.js';
import { environmentName, flagName, namesOf, type AnyOption } from './option.js';
import { substitute } from './substitute.js';

/** The sources of the value of an option. The first source that has the option counts. */
export interface Sources {
  readonly flags: ReadonlyMap<string, string>;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Entries of all files, in the order in which the files override each other. */
  readonly entries: readonly Entry[];
  /** Returns the texts of options that are not set. */
  readonly defaults: (section: string, name: string) => string | undefined;
}

/** A value and its origin. */
export interface Said {
  readonly text: string;
  /** `--port`, a variable of the environment, or `file:line`. */
  readonly origin: string;
}

/** Looks for the value in the flags, the environment, and the last file that has one of its names. Returns undefined when it is not set. */
function said(one: AnyOption, { flags, env, entries }: Sources): Said | undefined {
  const flag = one.flag === undefined ? undefined : flags.get(flagName(one));
  if (flag !== undefined) return { text: flag, origin: `--${flagName(one)}` };
  const names = namesOf(one);
  for (const variable of [one.env, ...names.map(environmentName)]) {
    const text = variable === undefined ? undefined : env[variable];
    if (variable !== undefined && text !== undefined && text !== '') return { text, origin: variable };
  }
  const found = entries.filter((entry) =>
    names.some(({ group, name }) => sectionName(group) === entry.section && name === entry.name),
  );
  const last = found.at(-1);
  if (last === undefined) return undefined;
  const text = one.repeatable === true ? found.map(({ value }) => value).join('\n') : preferred(found, names).value;
  return { text, origin: originOf(one.repeatable === true ? last : preferred(found, names)) };
}

/** In one file the present name of an option has precedence over its older names, at any position. */
function preferred(found: readonly Entry[], names: readonly { group: string; name: string }[]): Entry {
  const last = found.at(-1) as Entry;
  const inFile = found.filter(({ file }) => file === last.file);
  for (const { group, name } of names) {
    const entry = inFile.findLast((one) => one.section === sectionName(group) && one.name === name);
    if (entry !== undefined) return entry;
  }
  return last;
}

function originOf({ file, line }: Entry): string {
  return `${file}:${line}`;
}

/**
 * Returns the value of an option and its origin; undefined when the default counts.
 *
 * @throws ConfigError that names the place, the section, the option, the expected value and the given value
 */
export function valueOf(one: AnyOption, sources: Sources): { value: unknown; origin: string } | undefined {
  const found = said(one, sources);
  if (found === undefined) return undefined;
  const where = `${found.origin}: option ${one.name} of [${one.group}]`;
  const text = completed(found.text, one.group, sources, where, new Set());
  const value = one.parse(text);
  if (value !== undefined) return { value, origin: found.origin };
  const shown =
    one.secret === true
      ? '(not shown, it may contain a password)'
      : JSON.stringify(text).replace(/\/\/[^/]*@/, '//***@');
  const advice = one.advice?.(text) ?? '';
  throw new ConfigError(`${where}: expected ${one.parse.expected ?? 'another value'}, got ${shown}.${advice}`);
}

/** Replaces `$name`, also inside the replacement. The name may be any name in the files or the environment. */
function completed(text: string, group: string, sources: Sources, where: string, seen: ReadonlySet<string>): string {
  const lookup = (section: string | null, name: string): string | undefined => {
    for (const place of section === null ? [group, 'DEFAULT'] : [section]) {
      const found =
        said({ ...UNKNOWN, group: place, name }, sources)?.text ?? sources.defaults(sectionName(place), name);
      if (found === undefined) continue;
      const key = `${sectionName(place)}.${name}`;
      if (seen.has(key))
        throw new ConfigError(`${where}: the options it refers to with a dollar sign refer to each other.`);
      return completed(found, place, sources, where, new Set([...seen, key]));
    }
    return undefined;
  };
  try {
    return substitute(text, lookup);
  } catch (error) {
    if (!(error instanceof ConfigError) || error.message.startsWith(where)) throw error;
    throw new ConfigError(`${where}: ${error.message}.`);
  }
}

const UNKNOWN = { help: '', default: null, parse: (text: string): unknown => text };
