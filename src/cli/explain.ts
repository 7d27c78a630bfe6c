import { withoutSecrets } from '../database-url/secrets.js';
import { ConfigError, type Config } from '../config.js';
import { EmbeddedError } from '../db/embedded/problem.js';
import { isRefused, isUnavailable, reasonOf } from '../db/failures.js';
import { SchemaError } from '../db/migrate.js';
import { ImportError } from '../import/problem.js';
import { PolicyFileError } from '../policy/problem.js';

/** Whether the message of a failure says what to do; trying again would not help. */
export function isForeseen(error: unknown): boolean {
  return [ConfigError, EmbeddedError, SchemaError, PolicyFileError, ImportError].some((kind) => error instanceof kind);
}

/** What a person is told; what was foreseen needs no stack trace. */
export function explained(error: unknown, config: Config | null): string {
  if (isForeseen(error) || !(error instanceof Error)) return error instanceof Error ? error.message : String(error);
  if (isUnavailable(error) || isRefused(error)) {
    const where = config?.connection ?? null;
    return `The database${where === null ? '' : ` at ${withoutSecrets(where)}`} cannot be used: ${reasonOf(error)}.`;
  }
  return error.stack ?? error.message;
}
