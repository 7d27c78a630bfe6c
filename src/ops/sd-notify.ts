import { execFile } from 'node:child_process';
import type { Logger } from 'pino';
import { CHILD_ENVIRONMENT } from './child-environment.js';

/** Tells systemd about the state of the service with the messages of sd_notify(3). Does nothing without systemd. */
export interface Notifier {
  ready(status: string): void;
  reloading(): void;
  stopping(): void;
  /** Tells that the service is able to serve. Resolves when the message was sent. */
  watchdog(): Promise<void>;
}

/** The timeout of systemd-notify. It usually takes milliseconds, because a message is one datagram. */
const DEADLINE_MS = 10_000;

/**
 * Node.js has no Unix datagram sockets, and the libraries for them are native code that the host would have to compile. The program
 * systemd-notify exists on every host with systemd. Its process is not the main process of the unit, so the unit has NotifyAccess=all.
 *
 * @param socket the socket of systemd; null when there is none
 */
export function createNotifier(socket: string | null, log: Logger): Notifier {
  let last = Promise.resolve();
  let hasFailed = false;

  function run(words: readonly string[]): Promise<void> {
    const env = { ...CHILD_ENVIRONMENT, NOTIFY_SOCKET: socket ?? '' };
    return new Promise((resolve) => {
      execFile('systemd-notify', words, { env, timeout: DEADLINE_MS }, (error) => {
        // Logs only the first of several failures in a row, because the watchdog message is sent again and again.
        if (error !== null && !hasFailed) log.warn({ reason: error.message }, 'systemd could not be notified');
        hasFailed = error !== null;
        resolve();
      });
    });
  }

  /** Sends messages one after the other, so that they arrive in order. */
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
 * Tells systemd regularly that the service is alive. A process whose event loop is blocked does not, and systemd ends it.
 *
 * @param deadline the deadline of systemd, in milliseconds
 * @param alive returns whether the service responds within the given milliseconds
 * @returns a function that stops the messages
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
