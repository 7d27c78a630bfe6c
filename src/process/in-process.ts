import type { Logger } from 'pino';
import type { Config } from '../config.js';
import { adminParts } from './admin-listener.js';
import { openInstance } from './instance.js';
import type { Server } from './server.js';

/** Serves in this process. @throws as {@link openInstance} */
export async function serveInProcess(
  config: Config,
  connectionOf: (config: Config) => string,
  log: Logger,
  stop: AbortSignal,
): Promise<Server> {
  let instance = await openInstance(config, connectionOf(config), log, stop);
  let drainTimeout = config.drainTimeout * 1000;
  const replaced = new Set<Promise<void>>();
  const cutting = new AbortController();
  return {
    receive(socket) {
      instance.receive(socket);
    },
    async reload(next) {
      const fresh = await openInstance(next, connectionOf(next), log, stop);
      const old = instance;
      instance = fresh;
      const ended = old.end(drainTimeout, cutting.signal).finally(() => replaced.delete(ended));
      replaced.add(ended);
      drainTimeout = next.drainTimeout * 1000;
    },
    announce() {
      instance.announce();
    },
    async end(deadline, hurry) {
      const cut = (): void => {
        cutting.abort();
      };
      if (hurry.aborted) cut();
      else hurry.addEventListener('abort', cut);
      await Promise.all([instance.end(deadline, hurry), ...replaced]);
    },
    // The caller runs on the event loop that serves requests, so that loop runs.
    alive: () => Promise.resolve(true),
    admin: adminParts(() => instance.service),
    failed: new Promise<never>(() => undefined),
  };
}
