import type { Logger } from 'pino';
import type { Service } from '../compose.js';
import type { Config } from '../config.js';
import { createAdminServer, type AdminParts } from '../ops/admin.js';
import { STARTING } from '../ops/health.js';
import { renderMetrics } from '../ops/metrics.js';
import { say } from '../ops/terminal.js';
import { listen } from './listen.js';

/** The admin listener of the process that was started. */
export interface AdminListener {
  /** Shows the data of the service from now on. Before, the listener says that the service starts. */
  attach(parts: AdminParts): void;
  close(): void;
}

/** Opens the listener and prints its address; opens none when the configuration has no port for it. @throws ConfigError when its port is in use */
export async function openAdminListener({ adminHost, adminPort }: Config, log: Logger): Promise<AdminListener> {
  if (adminPort === null) return { attach: () => undefined, close: () => undefined };
  let parts = adminParts(() => null);
  const server = createAdminServer({
    alive: () => parts.alive(),
    readiness: () => parts.readiness(),
    metrics: () => parts.metrics(),
  });
  const url = await listen(server, {
    host: adminHost,
    port: adminPort,
    flag: '--admin-port',
    onError: (error) => {
      log.error({ reason: error.message }, 'a connection of the admin listener could not be accepted');
    },
  });
  say(`Health and metrics: ${url}/metrics`);
  return {
    attach(others) {
      parts = others;
    },
    close() {
      server.close();
      server.closeAllConnections();
    },
  };
}

/** The data of the listener for one service. @param service returns null before the service has started */
export function adminParts(service: () => Service | null): AdminParts {
  return {
    alive: () => service()?.health.alive() ?? { status: 'alive' },
    readiness: () => service()?.health.readiness() ?? Promise.resolve(STARTING),
    async metrics() {
      const metrics = service()?.metrics;
      if (metrics === undefined) return '';
      const [snapshot, capacity] = await Promise.all([metrics.snapshot(), metrics.capacity()]);
      return renderMetrics([snapshot], capacity);
    },
  };
}
