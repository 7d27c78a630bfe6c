import type { Logger } from 'pino';

/**
 * Handles exceptions and rejections that no code handles (docs/adr/0009). After a rejection the process goes on, because
 * only its own work ends. An exception may have left memory half changed, so the process responds to waiting clients and
 * ends.
 */

type Listener = (error: Error) => void;

/** The process has one set of listeners, like its handlers of events. */
const listeners = new Set<Listener>();

/**
 * Calls a listener when the process is about to end because of an exception. It must do its work at once.
 *
 * @returns a function that removes the listener
 */
export function onFatal(listener: Listener): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

/** @param end is called once, with an exception after which the process has to end */
export function handleUnhandledExceptions(log: Logger, end: Listener): void {
  let isEnding = false;
  process.on('unhandledRejection', (reason) => {
    log.error(
      { err: asError(reason) },
      'a failure was not handled by any code: a promise was rejected; the process goes on',
    );
  });
  process.on('uncaughtException', (thrown: unknown) => {
    const error = asError(thrown);
    if (isOfConnection(error)) {
      log.error({ err: error }, 'a failure was not handled by any code: a connection broke; the process goes on');
      return;
    }
    log.fatal({ err: error }, 'a failure was not handled by any code: memory may be damaged, and the process ends');
    if (isEnding) return;
    isEnding = true;
    for (const listener of listeners) {
      try {
        listener(error);
      } catch (another) {
        log.fatal({ err: another }, 'another failure happened while the process ended');
      }
    }
    end(error);
  });
}

/** Whether the error is an 'error' event of a socket without a listener. Such an error closes the socket and affects nothing else. */
function isOfConnection({ code, syscall }: NodeJS.ErrnoException): boolean {
  return syscall !== undefined && ['ECONNRESET', 'EPIPE', 'ETIMEDOUT', 'ECONNABORTED', 'ENOTCONN'].includes(code ?? '');
}

function asError(thrown: unknown): Error {
  return thrown instanceof Error ? thrown : new Error(`not an error was thrown: ${String(thrown)}`);
}
