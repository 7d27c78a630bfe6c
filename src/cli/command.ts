import type { CommandLine } from '../config/arguments.js';
import type { LoadedConfig } from '../config.js';
import { complain } from '../ops/terminal.js';

export { complain, say } from '../ops/terminal.js';

/** A command of the program. */
export interface Command {
  /** The text of --help below the usage. */
  readonly help?: string;
  /** Returns the exit code. An error that it throws ends the program with exit code 1, or with `failureCode`. */
  run(loaded: LoadedConfig, commandLine: CommandLine, operands: readonly string[]): Promise<number>;
  /** The exit code after an unexpected error. */
  readonly failure?: number;
}

/** Warns of unknown options in files and variables. */
export function warn({ warnings }: LoadedConfig): void {
  for (const one of warnings) complain(`Warning: ${one}`);
}
