import type { CommandLine } from '../config/arguments.js';
import type { LoadedConfig } from '../config.js';
import { complain } from '../ops/terminal.js';

export { complain, say } from '../ops/terminal.js';

/** Something that one can ask the program to do. */
export interface Command {
  /** What --help says below the usage. */
  readonly help?: string;
  /** Returns the exit code; what it throws ends the program with 1 unless it has a code of its own for that. */
  run(loaded: LoadedConfig, commandLine: CommandLine, operands: readonly string[]): Promise<number>;
  /** The exit code when something unforeseen happens. */
  readonly failure?: number;
}

/** Warns of unknown options in files and variables. */
export function warn({ warnings }: LoadedConfig): void {
  for (const one of warnings) complain(`Warning: ${one}`);
}
