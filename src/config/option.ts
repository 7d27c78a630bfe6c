import type { Parse } from './values.js';

/**
 * An option. It is `[group] name` in a configuration file in upstream's format, and `OS_GROUP__NAME` in the environment. Some options also
 * have a flag and a second name in the environment.
 */
export interface Option<Default, Value> {
  readonly group: string;
  readonly name: string;
  /** Deprecated names that still work: `name` of the same group, or `GROUP/name`. */
  readonly deprecatedNames?: readonly string[];
  readonly help: string;
  readonly default: Default;
  readonly defaultText?: string;
  readonly parse: Parse<Value>;
  /** More text for the error message of an invalid value. */
  readonly advice?: (text: string) => string;
  readonly env?: string;
  /** 'switch': a flag without a value. */
  readonly flag?: boolean | 'switch';
  readonly secret?: boolean;
  /** The placeholder for the value in --help; by default it follows from what `parse` expects. */
  readonly argument?: string;
  /** Whether the values of a repeated name, in one file or several, are collected. Otherwise the last value counts. */
  readonly repeatable?: boolean;
  /** An option of the login to Keystone: [keystone_authtoken] auth_section moves it to another group. */
  readonly login?: boolean;
}

export type AnyOption = Option<unknown, unknown>;

export function option<const Default, Value>(one: Option<Default, Value>): Option<Default, Value> {
  return one;
}

export function environmentName({ group, name }: { group: string; name: string }): string {
  return `OS_${group}__${name}`.toUpperCase();
}

export function flagName({ name }: { name: string }): string {
  return name.replaceAll('_', '-');
}

export function defaultText(one: AnyOption): string {
  if (one.defaultText !== undefined) return one.defaultText;
  return Array.isArray(one.default) ? one.default.join(', ') : String(one.default);
}

/** The placeholder for the value in --help: `N`, `true|false`, `FILE`. */
export function argumentOf({ argument, parse: { expected = '' } }: AnyOption): string {
  if (argument !== undefined) return argument;
  if (expected === 'true or false') return 'true|false';
  if (expected.startsWith('one of ')) return expected.slice('one of '.length).replaceAll(', ', '|');
  return /^a (whole )?number/.test(expected) ? 'N' : 'VALUE';
}

/** All names of an option, the present one first. */
export function namesOf({ group, name, deprecatedNames = [] }: AnyOption): { group: string; name: string }[] {
  const older = deprecatedNames.map((text) => {
    const [oldGroup, oldName] = text.split('/');
    return oldName === undefined ? { group, name: text } : { group: oldGroup as string, name: oldName };
  });
  return [{ group, name }, ...older];
}
