import { execFile } from 'node:child_process';
import type { Logger } from 'pino';
import { CHILD_ENVIRONMENT } from './child-environment.js';

/** Tells systemd about the state of the service, in the words of sd_notify(3). Does nothing without systemd. */
export interface Notifier {
  ready(status: string): void;
  reloading(): void;
  stopping(): void;
  /** The service is able to serve. Resolves when that was sent. */
  watchdog(): Promise<void>;
}

/** A message is a datagram; systemd-notify takes milliseconds. */
const DEADLINE_MS = 10_000;

/**
 * Node has no datagram sockets of the local kind, and the libraries for them are native code that the host would have to
 * compile. The program systemd-notify is wherever systemd is. Its process is not the main one of the unit: NotifyAccess=all.
 *
 * @param socket of the supervisor; null when there is none
 */
export function createNotifier(socket: string | null, log: Logger): Notifier {
  let last = Promise.resolve();
  let hasFailed = false;

  function run(words: readonly string[]): Promise<void> {
    const env = { ...CHILD_ENVIRONMENT, NOTIFY_SOCKET: socket ?? '' };
    return new Promise((resolve) => {
      execFile('systemd-notify', words, { env, timeout: DEADLINE_MS }, (error) => {
        // Once: the watchdog comes again and again.
        if (error !== null && !hasFailed) log.warn({ reason: error.message }, 'systemd could not be notified');
        hasFailed = error !== null;
        resolve();
      });
    });
  }

  /** One after the other, so that they arrive in this order. */
  function send(...words: readonly string[]): Promise<void> {
    if (socket !== null) last = last.then(() => run(words));
    return last;
  }

  return {
    ready(status) {
      void send('READY=1', `STATUS=${status}`);
    },
    reloading() {
      const microseconds = process.hrtime.bigint() / 1000n;
      void send('RELOADING=1', `MONOTONIC_USEC=${microseconds}`, 'STATUS=Reads the configuration again');
    },
    stopping() {
      void send('STOPPING=1', 'STATUS=Finishes the requests that have begun');
    },
    watchdog: () => send('WATCHDOG=1'),
  };
}

/**
 * Tells systemd again and again that the service is alive. A process whose event loop is stuck does not, and systemd ends it.
 *
 * @param deadline systemd's, in milliseconds
 * @param alive whether the service is able to serve, by the responses of the last milliseconds
 * @returns a function that ends it
 */
export function keepAlive(
  notifier: Notifier,
  deadline: number,
  alive: (patience: number) => Promise<boolean>,
  log: Logger,
): () => void {
  let isAsking = false;

  async function tell(): Promise<void> {
    if (isAsking) return;
    isAsking = true;
    try {
      if (await alive(deadline / 2)) await notifier.watchdog();
      else log.warn('no worker responds; systemd ends the service when that lasts');
    } finally {
      isAsking = false;
    }
  }

  const rounds = setInterval(() => void tell(), deadline / 4).unref();
  return () => {
    clearInterval(rounds);
  };
}
