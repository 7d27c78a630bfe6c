import type { Config } from '../../config.js';
import { UsageError } from '../../config/arguments.js';
import { DestinationError } from '../../lists/model.js';
import { complain } from '../command.js';
import { failureText } from '../../failure-text.js';

/** The exit codes of commands of inventory lists, in addition to 0 for success and 2 for wrong usage. */
export const EXIT = {
  /** The run failed, or a check did. */
  failed: 1,
  /** The outcome is unknown, because the database, the service or a file is not available. */
  notAsked: 3,
} as const;

/** Runs a command, prints its failure, and returns the exit code. */
export async function withExitCode(config: Config, work: () => Promise<number>): Promise<number> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof UsageError) throw error;
    if (error instanceof DestinationError) {
      complain(`${error.code}: ${error.message}`);
      return EXIT.failed;
    }
    if ((error as Error).name === 'AbortError') {
      complain('Stopped.');
      return EXIT.failed;
    }
    complain(isWithoutTables(error) ? NO_TABLES : failureText(error, config));
    return EXIT.notAsked;
  }
}

const NO_TABLES = 'The database has no tables of Stockroom. Start the service once, or run `stockroom db sync`.';

function isWithoutTables(error: unknown): boolean {
  return (error as { code?: string }).code === '42P01'; // undefined_table
}
