import path from 'node:path';
import { readArguments, unknownFlag, UsageError, type CommandLine } from '../config/arguments.js';
import { didYouMean } from '../config/did-you-mean.js';
import { loadConfig, type Config } from '../config.js';
import { outliveReaders } from '../ops/terminal.js';
import { version } from '../ops/version.js';
import { complain, say, type Command } from './command.js';
import { commandOf, flagsOf, programOf, usageExit, type Program } from './program.js';
import { commandHelp, programHelp } from './help.js';

/** The exit code for wrong usage. */
const USAGE = 2;

/** Runs the command of a command line. Returns the exit code. */
export async function runCli([file = '', ...argv]: readonly string[]): Promise<number> {
  outliveReaders();
  const program = programOf(path.basename(file, '.js'));
  try {
    const commandLine = readArguments(argv, flagsOf(program));
    if (commandLine.switches.has('version')) {
      say(version());
      return 0;
    }
    return await dispatch(program, commandLine);
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    complain(error.message);
    return usageExit(program, argv) ?? USAGE;
  }
}

async function dispatch(program: Program, commandLine: CommandLine): Promise<number> {
  const { words, switches } = commandLine;
  const wanted = [...program.prefix, ...words].join(' ');
  const help = switches.has('help');
  if (words.length === 0 && (help || program.name !== 'stockroom')) {
    say(programHelp(program).trimEnd());
    return help ? 0 : program.name === 'placement-manage' ? 1 : USAGE;
  }
  const asked = words.length === 0 ? ['serve'] : [...program.prefix, ...words];
  // `lists show --help` has no operands yet.
  const named = help ? program.commands.find(({ name }) => name === asked.join(' ')) : undefined;
  const found = named === undefined ? commandOf(program.commands, asked) : { listed: named, operands: [] };
  if (found === null) return withoutCommand(program, commandLine, wanted);
  const { listed, operands } = found;
  const command = await listed.load();
  if (help) {
    say(commandHelp(program, listed, command).trimEnd());
    return 0;
  }
  for (const flag of [...switches, ...commandLine.values.keys()]) {
    if (flag !== 'use-syslog' && listed.flags?.[flag] === undefined) {
      throw unknownFlag(`--${flag}`, Object.keys(listed.flags ?? {}), ` of ${listed.name}`);
    }
  }
  return run(program, command, commandLine, operands);
}

/** The first word of several commands, `db`, lists these commands. Upstream's tool exits with 0 then. */
function withoutCommand(program: Program, { words, switches }: CommandLine, wanted: string): number {
  const commands = program.commands.filter(({ name }) => name.startsWith(`${wanted} `));
  if (commands.length === 0) {
    const similar = didYouMean(
      wanted,
      program.commands.map(({ name }) => name),
    );
    throw new UsageError(`Unknown command '${words.join(' ')}'.${similar}\nSee --help for the commands.`);
  }
  const text = programHelp({ ...program, commands }, false).trimEnd();
  if (switches.has('help') || wanted === 'db') {
    say(text);
    return 0;
  }
  complain(text);
  return USAGE;
}

async function run(
  { searchesConfiguration }: Program,
  command: Command,
  commandLine: CommandLine,
  operands: readonly string[],
): Promise<number> {
  let config: Config | null = null;
  try {
    const loaded = loadConfig(commandLine, { search: searchesConfiguration });
    ({ config } = loaded);
    return await command.run(loaded, commandLine, operands);
  } catch (error) {
    if (error instanceof UsageError) throw error;
    if (command.failure !== undefined) complain('Error:');
    const { failureText } = await import('../failure-text.js');
    complain(failureText(error, config));
    return command.failure ?? 1;
  }
}
