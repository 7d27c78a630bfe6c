import type { Flag } from '../config/arguments.js';
import { optionHelp } from '../config/tables.js';
import { wrapped } from '../config/wrap.js';
import type { Command } from './command.js';
import type { ListedCommand } from './commands/listed-command.js';
import type { Program } from './program.js';

const CONFIG_FILE = { '--config-file FILE': 'Configuration file in the format of placement.conf. May be repeated.' };

/** The options for a first start; tables.ts has the others. */
const FIRST: Readonly<Record<string, string>> = {
  ...CONFIG_FILE,
  'OS_PLACEMENT_DATABASE__CONNECTION=URL':
    'Your own PostgreSQL, postgresql://user:password@host/database. Without it, the service starts the embedded PostgreSQL.',
  '--host ADDRESS': 'Address to listen on. Default: 127.0.0.1.',
  '--port PORT': 'Port to listen on. Default: 8778.',
  '--data-dir FOLDER': 'Folder of the embedded PostgreSQL.',
};

const COMMON: Readonly<Record<string, string>> = {
  '--config-dir FOLDER':
    'Reads every *.conf in it, in the order of their names. May be repeated. Without --config-file and --config-dir: placement.conf and placement.conf.d in the folder that OS_PLACEMENT_CONFIG_DIR names. Only placement-manage and placement-status go on to search ~/.placement, ~, /etc/placement and /etc.',
  '--version': 'Prints the version of this program.',
  '-h, --help': 'Prints this text; after a command, the help of that command.',
};

const SOURCES =
  'Options of the configuration are flags, environment variables, or lines of configuration files. Flags win over the environment, the environment over files, later files over earlier ones. Flags may stand before and after the command.';

/** The text of --help without a command, or with words with which several commands begin. */
export function programHelp({ name, prefix, commands }: Program, all = true): string {
  const names = commands.map((one) => shortName(one, prefix));
  const widest = Math.max(...names.map((one) => one.length));
  const list = commands.map(({ summary }, index) => `  ${(names[index] ?? '').padEnd(widest)}  ${summary}\n`).join('');
  return (
    `Usage: ${name} [command] [options]\n\nA service compatible with OpenStack Placement. ` +
    `From a clone: npm start -- [command] [options]\n\nCommands:\n${list}` +
    (all ? configurationHelp() : '')
  );
}

/** The text of --help after a command. */
export function commandHelp({ name, prefix }: Program, listed: ListedCommand, { help }: Command): string {
  const flags = Object.entries(listed.flags ?? {}).map(([flag, one]) => [`--${flag}${argumentOf(one)}`, one.help]);
  return (
    `Usage: ${name} ${[shortName(listed, prefix), ...(listed.operands ?? [])].join(' ')} [options]\n\n${wrapped(listed.summary)}` +
    (help === undefined ? '' : `\n${wrapped(help)}`) +
    (flags.length === 0
      ? ''
      : `\nOptions of this command:\n${entries(Object.fromEntries(flags) as Record<string, string>)}`) +
    (listed.name === 'serve'
      ? configurationHelp()
      : `\nOptions of every command:\n${entries({ ...CONFIG_FILE, ...COMMON })}\n${name} --help lists the options of the configuration.\n`)
  );
}

function configurationHelp(): string {
  return `\nOptions to begin with:\n${entries(FIRST)}\nOther options:\n${entries(COMMON)}\n${wrapped(SOURCES)}\n${optionHelp()}`;
}

function argumentOf({ argument }: Flag): string {
  return argument === undefined ? '' : ` ${argument}`;
}

function entries(texts: Readonly<Record<string, string>>): string {
  return Object.entries(texts)
    .map(([head, text]) => `  ${head}\n${wrapped(text, 6)}`)
    .join('');
}

function shortName({ name }: ListedCommand, prefix: readonly string[]): string {
  return prefix.length === 0 ? name : name.replace(`${prefix.join(' ')} `, '');
}
