import type { Logger } from 'pino';
import { isRejected, isUnavailable } from '../db/failures.js';
import { ApiError } from '../errors.js';
import { OperatorError } from '../operator-error.js';
import { WorkerFailure } from './worker-handle.js';

export interface ReloadOptions {
  /** Puts another configuration in force, or throws and leaves the old one in force. */
  readonly reload: () => Promise<void>;
  /** The text of a failure for the log. */
  readonly explain: (error: unknown) => string;
  readonly log: Logger;
  /** Aborted when the process is told to end: a reload that waits is dropped, and one in progress is not waited for. */
  readonly stop: AbortSignal;
}

/**
 * Handles SIGHUP. Reloads run one after the other. All SIGHUPs that arrive during one reload come to one more: it reads the
 * files as they are then.
 */
export function createReloader({ reload, explain, log, stop }: ReloadOptions): () => void {
  let [isWanted, isRunning] = [false, false];
  const isOver = (): boolean => stop.aborted;

  async function run(): Promise<void> {
    isRunning = true;
    while (isWanted && !isOver()) {
      isWanted = false;
      log.info('reading the configuration again');
      try {
        await reload();
      } catch (error) {
        if (!isOver()) log.error({ reason: explain(error) }, messageOf(error));
      }
    }
    isRunning = false;
  }

  return () => {
    isWanted = true;
    if (!isRunning) void run();
  };
}

/** The message of the log. Only the first says that the files are wrong. */
function messageOf(error: unknown): string {
  const isDeath = error instanceof WorkerFailure && !error.foreseen;
  if (error instanceof OperatorError || (error instanceof WorkerFailure && !isDeath)) {
    return 'the configuration cannot be used; the old one stays in force';
  }
  const cause = isDeath
    ? 'a worker died during the reload'
    : isUnavailable(error) || isRejected(error) || error instanceof ApiError
      ? 'the database cannot be used'
      : 'the reload failed';
  return `${cause}; the old configuration stays in force`;
}
