import { setTimeout } from 'node:timers/promises';
import type { Config } from '../config.js';
import type { Listeners } from './listeners.js';
import type { Server } from './server.js';
import type { Signals } from './signals.js';

/** First tells load balancers, and waits if they need time. Then rejects connections. Then finishes the requests that have begun. */
export async function drain(
  { drainDelay, drainTimeout }: Config,
  listeners: Listeners,
  server: Server,
  { hurry }: Signals,
): Promise<void> {
  if (drainDelay > 0) {
    server.announce();
    await setTimeout(drainDelay * 1000, undefined, { signal: hurry }).catch(() => undefined);
  }
  // Connections that the system has accepted for us already come first. Only then clients are asked to close theirs: they
  // come back at once, and must be rejected, not accepted and dropped.
  await new Promise((resolve) => setImmediate(resolve));
  listeners.close();
  server.announce();
  await server.end(drainTimeout * 1000, hurry);
}
