import type { Config } from './config.js';
import { withoutSecrets } from './database-url/secrets.js';
import { isRejected, isUnavailable, reasonOf } from './db/failures.js';
import { OperatorError } from './operator-error.js';

/** The text of a failure that ends a command or a worker, for standard error and the log. It has a stack trace only for unexpected errors. */
export function failureText(error: unknown, config: Config | null): string {
  if (!(error instanceof Error)) return String(error);
  if (error instanceof OperatorError) return error.message;
  if (isUnavailable(error) || isRejected(error)) {
    const where = config?.connection ?? null;
    return `The database${where === null ? '' : ` at ${withoutSecrets(where)}`} cannot be used: ${reasonOf(error)}.`;
  }
  return error.stack ?? error.message;
}
