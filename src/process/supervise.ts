import type { Logger } from 'pino';
import { readSupervisor } from '../config/load.js';
import { createNotifier, keepAlive } from '../ops/sd-notify.js';
import type { Server } from './server.js';

/** Tells systemd about the state of the service (deploy/systemd). It does nothing without systemd. */
export interface Supervision {
  /** The service listens. From now on the watchdog is told that it lives. */
  started(site: Server, url: string): void;
  /** Tells when a reload begins, and when it is over. */
  duringReload(reload: () => Promise<void>): Promise<void>;
  /** The service was told to end. Until it has ended, the watchdog is told that it lives, because the drain has its own deadline. */
  stopping(): void;
  close(): void;
}

export function supervise(log: Logger, stop: AbortSignal): Supervision {
  const { notifySocket, watchdog } = readSupervisor();
  const notifier = createNotifier(notifySocket, log);
  let [status, stopTelling] = ['', (): void => undefined];
  return {
    started(site, url) {
      status = `Listens on ${url}`;
      notifier.ready(status);
      if (watchdog === null) return;
      const alive = (patience: number) => (stop.aborted ? Promise.resolve(true) : site.alive(patience));
      stopTelling = keepAlive(notifier, watchdog, alive, log);
    },
    async duringReload(reload) {
      notifier.reloading();
      try {
        await reload();
      } finally {
        if (!stop.aborted) notifier.ready(status);
      }
    },
    stopping() {
      notifier.stopping();
    },
    close() {
      stopTelling();
    },
  };
}
