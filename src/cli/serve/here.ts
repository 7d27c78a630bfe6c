import type { Logger } from 'pino';
import type { Config } from '../../config.js';
import { adminParts } from '../admin-listener.js';
import { openInstance } from './instance.js';
import type { Site } from './site.js';

/** Serves in this process. @throws as {@link openInstance} */
export async function serveHere(config: Config, connectionOf: (config: Config) => string, log: Logger): Promise<Site> {
  let instance = await openInstance(config, connectionOf(config), log);
  let drainTimeout = config.drainTimeout * 1000;
  const replaced = new Set<Promise<void>>();
  const stop = new AbortController();
  let isEnding = false;
  return {
    receive(socket) {
      instance.receive(socket);
    },
    async reload(next) {
      const fresh = await openInstance(next, connectionOf(next), log);
      if (isEnding) {
        await fresh.end(0, AbortSignal.abort());
        return;
      }
      const old = instance;
      instance = fresh;
      const ended = old.end(drainTimeout, stop.signal).finally(() => replaced.delete(ended));
      replaced.add(ended);
      drainTimeout = next.drainTimeout * 1000;
    },
    announce() {
      instance.announce();
    },
    async end(deadline, hurry) {
      isEnding = true;
      hurry.addEventListener('abort', () => {
        stop.abort();
      });
      await Promise.all([instance.end(deadline, hurry), ...replaced]);
    },
    admin: adminParts(() => instance.service),
    failed: new Promise<never>(() => undefined),
  };
}
