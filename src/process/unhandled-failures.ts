import type { Logger } from 'pino';
import { handleUnhandledExceptions } from '../ops/unhandled-exceptions.js';

/** How long a process that must not go on may take to stop its database and its workers. */
const LAST_MS = 10_000;

/**
 * Handles exceptions and rejections that no code handles (docs/adr/0009). Rejects when the process must not go on; it ends
 * after a while in any case.
 */
export function handleUnhandledFailures(log: Logger): Promise<never> {
  const broken = new Promise<never>((_, reject) => {
    handleUnhandledExceptions(log, (error) => {
      reject(error);
      setTimeout(() => process.exit(1), LAST_MS).unref();
    });
  });
  broken.catch(() => undefined);
  return broken;
}
