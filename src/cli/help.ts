import { optionHelp } from '../config/tables.js';
import type { Command } from './command.js';
import type { ListedCommand, Program } from './commands.js';

const SOURCES = `
Options of the configuration are flags, variables of the environment, or lines of configuration files; flags win over
the environment, the environment over files, later files over earlier ones. Flags may stand before and after the command.

  --config-file FILE
      Configuration file in the format of placement.conf; may be repeated.
  --config-dir FOLDER
      Reads every *.conf in it, in the order of their names; may be repeated. Without either, placement.conf and
      placement.conf.d in the folder that OS_PLACEMENT_CONFIG_DIR names. Only placement-manage and placement-status go on
      to search ~/.placement, ~, /etc/placement and /etc.
  --version
      The version of this program.
  -h, --help
      This text; after a command, what it does.
`;

/** The text of --help without a command, or with the first words of several. */
export function programHelp({ name, prefix, commands }: Program, all = true): string {
  const names = commands.map((one) => shortName(one, prefix));
  const widest = Math.max(...names.map((one) => one.length));
  const list = commands.map(({ summary }, index) => `  ${(names[index] ?? '').padEnd(widest)}  ${summary}\n`).join('');
  return (
    `Usage: ${name} [command] [options]\n\nA service compatible with OpenStack Placement. ` +
    `From a clone: npm start -- [command] [options]\n\nCommands:\n${list}${all ? `${SOURCES}${optionHelp()}` : ''}`
  );
}

/** The text of --help after a command. */
export function commandHelp(
  { name, prefix }: Program,
  listed: ListedCommand,
  { help, flags: own = {} }: Command,
): string {
  const flags = Object.entries(own).map(([flag, meaning]) => `  --${flag}\n      ${meaning}\n`);
  return (
    `Usage: ${name} ${shortName(listed, prefix)} [options]\n\n${listed.summary}\n` +
    `${help === undefined ? '' : `\n${help}\n`}${flags.length === 0 ? '' : `\n${flags.join('')}`}${SOURCES}` +
    (listed.name === 'serve' ? optionHelp() : `\n${name} --help lists the options of the configuration.\n`)
  );
}

function shortName({ name }: ListedCommand, prefix: readonly string[]): string {
  return prefix.length === 0 ? name : name.replace(`${prefix.join(' ')} `, '');
}
