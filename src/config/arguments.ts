import { parseArgs, type ParseArgsConfig } from 'node:util';
import { didYouMean } from './did-you-mean.js';
import type { Given } from './locate.js';
import { flagName, type AnyOption } from './option.js';
import { OPTIONS } from './options.js';

/** The command line is not one that this program understands. */
export class UsageError extends Error {}

export interface CommandLine {
  /** What is no flag: the command. */
  readonly words: readonly string[];
  /** Texts of options that were given as flags. */
  readonly flags: ReadonlyMap<string, string>;
  readonly given: Given;
  /** Flags that are no options: --help, --json and the like. */
  readonly switches: ReadonlySet<string>;
  /** Of a flag that belongs to a command and has a value: --max-count. */
  readonly values: ReadonlyMap<string, string>;
}

const SEE_HELP = '\nSee --help for the options.';

const OF_COMMANDS = {
  help: { type: 'boolean', short: 'h' },
  version: { type: 'boolean' },
  json: { type: 'boolean' },
  all: { type: 'boolean' },
  // A flag of upstream's tools; where logs go is not asked here (without-meaning.ts).
  'use-syslog': { type: 'boolean' },
  'max-count': { type: 'string' },
  max_count: { type: 'string' },
  from: { type: 'string' },
  'from-config': { type: 'string' },
  replace: { type: 'boolean' },
  'dry-run': { type: 'boolean' },
  verify: { type: 'boolean' },
  'verify-only': { type: 'boolean' },
} as const;

/**
 * Flags may stand before and after the command.
 *
 * @throws UsageError that names the flag, and a similar one when it is unknown
 */
export function readArguments(argv: readonly string[]): CommandLine {
  const options: AnyOption[] = Object.values(OPTIONS).filter((one: AnyOption) => one.flag !== undefined);
  const ofOptions = new Map(options.map((one) => [flagName(one), one]));
  const types: NonNullable<ParseArgsConfig['options']> = {
    ...OF_COMMANDS,
    'config-file': { type: 'string', multiple: true },
    'config-dir': { type: 'string', multiple: true },
  };
  for (const [name, one] of ofOptions) types[name] = { type: one.flag === 'switch' ? 'boolean' : 'string' };
  // Not strict: the messages of node:util name no similar flag, and it takes -1 for a flag.
  const { tokens, positionals } = parseArgs({
    args: [...argv],
    options: types,
    allowPositionals: true,
    tokens: true,
    strict: false,
  });

  const flags = new Map<string, string>();
  const given: { kind: 'file' | 'folder'; path: string }[] = [];
  const [switches, values] = [new Set<string>(), new Map<string, string>()];
  for (const token of tokens) {
    if (token.kind !== 'option') continue;
    const { name, rawName, value } = token;
    const type = types[name]?.type;
    if (type === undefined) throw unknownFlag(rawName, Object.keys(types));
    if (type === 'boolean' && value !== undefined)
      throw new UsageError(`${rawName} takes no value, got '${value}'.${SEE_HELP}`);
    if (type === 'string' && (value === undefined || value.startsWith('--')))
      throw new UsageError(`${rawName} needs a value: ${rawName} VALUE or ${rawName}=VALUE.${SEE_HELP}`);
    if (name === 'config-file' || name === 'config-dir') {
      given.push({ kind: name === 'config-file' ? 'file' : 'folder', path: value ?? '' });
    } else if (ofOptions.has(name)) {
      flags.set(name, value ?? 'true');
    } else if (value === undefined) {
      switches.add(name);
    } else {
      values.set(name.replace('_', '-'), value);
    }
  }
  return { words: positionals, flags, given, switches, values };
}

/** @param known names without dashes @param of the command that does not have it */
export function unknownFlag(flag: string, known: readonly string[], of = ''): UsageError {
  const similar = didYouMean(
    flag,
    known.map((name) => `--${name}`),
  );
  return new UsageError(`Unknown option '${flag}'${of}.${similar}${SEE_HELP}`);
}
