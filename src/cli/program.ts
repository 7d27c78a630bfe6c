import { UsageError, type Flag } from '../config/arguments.js';
import { CONFIGURATION_COMMANDS } from './commands/configuration.js';
import { DATABASE_COMMANDS } from './commands/database.js';
import { HISTORY_COMMANDS } from './commands/history.js';
import { LISTS_COMMANDS } from './commands/lists.js';
import { ORPHANS_COMMANDS } from './commands/orphans.js';
import { POLICY_COMMANDS } from './commands/policy.js';
import { QUESTIONS_COMMANDS } from './commands/analysis.js';
import type { ListedCommand } from './commands/listed-command.js';

const SERVE: ListedCommand = {
  name: 'serve',
  summary: 'Run the service; the default.',
  flags: {
    embedded: {
      help: 'Use the embedded PostgreSQL although a configuration file is given that names no connection.',
    },
  },
  load: async () => (await import('./serve.js')).command,
};

/** The commands in the order of --help. */
const COMMANDS: readonly ListedCommand[] = [
  SERVE,
  ...DATABASE_COMMANDS,
  ...CONFIGURATION_COMMANDS,
  ...QUESTIONS_COMMANDS,
  ...HISTORY_COMMANDS,
  ...ORPHANS_COMMANDS,
  ...LISTS_COMMANDS,
  ...POLICY_COMMANDS,
];

const UPSTREAM_MANAGE = ['db sync', 'db version', 'db online_data_migrations'];
const UPSTREAM_STATUS = ['status upgrade check'];

/** A name of the program, with its commands. Two of the three names are those of upstream's tools, and have only the commands of these tools. */
export interface Program {
  readonly name: string;
  /** The first words of its commands, which its command line leaves out. */
  readonly prefix: readonly string[];
  readonly commands: readonly ListedCommand[];
  /**
   * Whether the program searches configuration files in the usual places, as upstream's tools do. The service does not:
   * files that happen to be in /etc/placement must not decide where a first trial writes.
   */
  readonly searchesConfiguration: boolean;
}

/** @param file the path with which the program was started, which may be a link */
export function programOf(file: string): Program {
  const only = (names: readonly string[]): ListedCommand[] => COMMANDS.filter(({ name }) => names.includes(name));
  if (/placement-manage$/.test(file))
    return { name: 'placement-manage', prefix: [], commands: only(UPSTREAM_MANAGE), searchesConfiguration: true };
  if (/placement-status$/.test(file))
    return {
      name: 'placement-status',
      prefix: ['status'],
      commands: only(UPSTREAM_STATUS),
      searchesConfiguration: true,
    };
  return { name: 'stockroom', prefix: [], commands: COMMANDS, searchesConfiguration: false };
}

/** The flags of all commands of a program, by name. Flags of the same name agree on whether they have a value. */
export function flagsOf({ commands }: Program): Record<string, Flag> {
  return Object.assign({}, ...commands.map(({ flags = {} }) => flags)) as Record<string, Flag>;
}

/**
 * Finds the command at the beginning of the words of a command line, and its operands.
 *
 * @returns null when there is no such command with so many operands
 */
export function commandOf(
  commands: readonly ListedCommand[],
  words: readonly string[],
): { listed: ListedCommand; operands: readonly string[] } | null {
  // Longer names come first, so that `lists show` is found before `lists`.
  const byLength = [...commands].sort((one, other) => other.name.length - one.name.length);
  for (const listed of byLength) {
    const { length } = listed.name.split(' ');
    if (words.slice(0, length).join(' ') !== listed.name) continue;
    const operands = words.slice(length);
    const names = listed.operands ?? [];
    const needed = names.filter((name) => !name.startsWith('[')).length;
    if (operands.length >= needed && operands.length <= names.length) return { listed, operands };
    if (names.length === 0) return null;
    throw new UsageError(
      `${listed.name} takes ${needed === names.length ? needed : `${needed} to ${names.length}`} operands (${names.join(' ')}), got ${operands.length}.\nSee ${listed.name} --help.`,
    );
  }
  return null;
}

/** The exit code for wrong usage of the command that the words begin with; null for the usual code. */
export function usageExit(program: Program, argv: readonly string[]): number | null {
  const words = [...program.prefix, ...argv.filter((one) => !one.startsWith('-'))].join(' ');
  return program.commands.find(({ name }) => words.startsWith(name))?.usageExit ?? null;
}
