import { parseArgs, type ParseArgsConfig } from 'node:util';
import { didYouMean } from './did-you-mean.js';
import type { Given } from './locate.js';
import { flagName, type AnyOption } from './option.js';
import { OPTIONS } from './options.js';

/** The command line is not valid. */
export class UsageError extends Error {}

export interface CommandLine {
  /** The words that are not flags: the command and its operands. */
  readonly words: readonly string[];
  /** Values of options on the command line. */
  readonly flags: ReadonlyMap<string, string>;
  readonly given: Given;
  /** Flags that are not options of the configuration and have no value: --help, --json and the like. */
  readonly switches: ReadonlySet<string>;
  /** The values of flags that belong to a command, such as --max-count. */
  readonly values: ReadonlyMap<string, string>;
}

const SEE_HELP = '\nSee --help for the options.';

/** A flag of a command, in addition to those of the configuration. */
export interface Flag {
  /** The placeholder for the value in --help; a flag without one is a switch. */
  readonly argument?: string;
  /** It may be given several times; the values are joined with commas. */
  readonly repeatable?: boolean;
  readonly help: string;
}

/** Flags of every command. */
const COMMON = {
  help: { type: 'boolean', short: 'h' },
  version: { type: 'boolean' },
  // A flag of upstream's tools without effect: [DEFAULT] log_file decides where the log is written (ignored-options.ts).
  'use-syslog': { type: 'boolean' },
  'config-file': { type: 'string', multiple: true },
  'config-dir': { type: 'string', multiple: true },
} as const;

/**
 * Reads a command line. Flags may come before and after the command. An underscore in a flag is accepted as well, because the tools of
 * upstream have such flags: `--max_count`.
 *
 * @param ofCommands the flags of all commands, by name
 * @throws UsageError that names the flag, and a similar one when it is unknown
 */
export function readArguments(
  argv: readonly string[],
  ofCommands: Readonly<Record<string, Pick<Flag, 'argument' | 'repeatable'>>> = {},
): CommandLine {
  const options: AnyOption[] = Object.values(OPTIONS).filter((one: AnyOption) => one.flag !== undefined);
  const ofOptions = new Map(options.map((one) => [flagName(one), one]));
  const types: NonNullable<ParseArgsConfig['options']> = { ...COMMON };
  for (const [name, one] of ofOptions) types[name] = { type: one.flag === 'switch' ? 'boolean' : 'string' };
  for (const [name, { argument }] of Object.entries(ofCommands))
    types[name] = { type: argument === undefined ? 'boolean' : 'string' };
  // The strict mode of node:util does not suggest a similar flag, and treats -1 as a flag.
  const { tokens, positionals } = parseArgs({
    args: argv.map((one) => one.replace(/^--[a-z_]+/, (flag) => flag.replaceAll('_', '-'))),
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
    // Without a value it prints the version of this program; with one it sets the microversion of a request.
    if (name === 'version' && (value === undefined || !/^(?:\d+\.\d+|latest)$/.test(value))) {
      switches.add(name);
      continue;
    }
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
      const before = ofCommands[name]?.repeatable === true ? values.get(name) : undefined;
      values.set(name, before === undefined ? value : `${before},${value}`);
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
