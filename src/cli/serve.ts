import { setTimeout } from 'node:timers/promises';
import type { Logger } from 'pino';
import { authStrategyOf, keystoneOptions } from '../auth/keystone/options.js';
import { checkDatabase, composeService, migrateDatabase, type Service } from '../compose.js';
import { withoutPassword } from '../config/database-url.js';
import { filesText, optionsForLog } from '../config/show.js';
import { ConfigError, type Config } from '../config.js';
import { startEmbedded } from '../db/embedded.js';
import { isRefused, isUnavailable, reasonOf } from '../db/failures.js';
import { ApiError } from '../errors.js';
import { createServer } from '../http/server.js';
import { createLog } from '../ops/log.js';
import { defaultDataDir, drain, isLoopback } from '../ops/process.js';
import { openAdminListener, type AdminListener } from './admin-listener.js';
import { say, warn, type Command } from './command.js';
import { listen } from './listen.js';
import { listenToSignals, type Signals } from './signals.js';

export const serve: Command = {
  name: 'serve',
  summary: 'Run the service; the default.',
  help: 'Brings the database up, listens, and on SIGTERM or Ctrl-C finishes what has begun.',
  async run(loaded) {
    warn(loaded);
    const { config } = loaded;
    checkAuthStrategy(config);
    const log = openLog(config);
    if (config.logOptions) log.debug({ options: optionsForLog(loaded) }, 'configuration');
    await run(config, log);
    return 0;
  },
};

function openLog(config: Config): Logger {
  try {
    return createLog(config.debug && config.logLevel === 'info' ? 'debug' : config.logLevel, config);
  } catch (error) {
    throw new ConfigError(`The log cannot be written ([DEFAULT] log_file, log_dir): ${(error as Error).message}`);
  }
}

async function run(config: Config, log: Logger): Promise<void> {
  const signals = listenToSignals();
  const admin = await openAdminListener(config);
  try {
    await serveUntilTold(config, log, admin, signals);
  } finally {
    admin.close();
  }
}

async function serveUntilTold(config: Config, log: Logger, admin: AdminListener, signals: Signals): Promise<void> {
  const dataDir = config.dataDir ?? defaultDataDir();
  const database = config.connection === null ? await startEmbedded({ dataDir }) : null;
  const connection = config.connection ?? database?.connectionString ?? '';
  try {
    const service = await untilDatabase(config, connection, log, signals.stop);
    if (service !== null) {
      try {
        const server = createServer(service.app);
        const url = await listen(server, config.host, config.port, '--port');
        admin.attach(service);
        const data = database === null ? withoutPassword(connection) : `${dataDir} (embedded PostgreSQL)`;
        greet(config, url, data);
        const signal = await signals.first;
        log.info({ signal }, 'finishing the requests that have begun');
        await drain(server, signals.hurry);
      } finally {
        await service.close();
      }
    }
  } finally {
    await database?.stop();
  }
}

/** Prepares and loads, again and again while the database is away; null when the process is told to stop meanwhile. */
async function untilDatabase(
  config: Config,
  connection: string,
  log: Logger,
  stop: AbortSignal,
): Promise<Service | null> {
  const interval = config.retryInterval === null ? null : config.retryInterval * 1000;
  for (
    let wait = interval ?? 250, attempt = 0;
    !stop.aborted;
    wait = interval ?? Math.min(wait * 2, 10_000), attempt++
  ) {
    try {
      await prepare(config, connection, log);
      return await composeAndLoad(config, connection, log, stop);
    } catch (error) {
      const problem = `The database at ${withoutPassword(connection)} cannot be used: ${reasonOf(error)}.`;
      if (isRefused(error)) throw new ConfigError(problem);
      // The topology reports a database that is away as any request would see it.
      if (!isUnavailable(error) && !(error instanceof ApiError)) throw error;
      if (attempt === config.maxRetries) throw new ConfigError(`${problem} Given up after ${attempt} more attempts.`);
      say(`${problem} Trying again in ${wait / 1000} s.`);
      await setTimeout(wait, undefined, { signal: stop }).catch(() => undefined);
    }
  }
  return null;
}

/** The embedded database is nobody else's to migrate. */
async function prepare(config: Config, connection: string, log: Logger): Promise<void> {
  if (config.connection !== null && !config.syncOnStartup) {
    await checkDatabase(config, connection);
    return;
  }
  const migrations = await migrateDatabase(config, connection);
  if (migrations.length > 0) log.info({ migrations }, 'the database schema has been brought up to date');
}

async function composeAndLoad(config: Config, connection: string, log: Logger, stop: AbortSignal): Promise<Service> {
  const service = composeService(config, connection, log, { isDraining: () => stop.aborted });
  try {
    await service.topology.current();
    return service;
  } catch (error) {
    await service.close();
    throw error;
  }
}

function checkAuthStrategy(config: Config): void {
  if (authStrategyOf(config) === 'keystone') {
    keystoneOptions(config); // throws when something is missing
    return;
  }
  if (config.authStrategy !== null || isLoopback(config.host)) return;
  throw new ConfigError(
    `On ${config.host}, which other machines can reach, the strategy that believes any token has to be asked for: set ` +
      'OS_API__AUTH_STRATEGY=noauth2 (or [api] auth_strategy = noauth2), fill in [keystone_authtoken], or listen on 127.0.0.1.',
  );
}

function greet(config: Config, url: string, data: string): void {
  say(`Stockroom listens on ${url}`);
  say(`Data: ${data}`);
  say(filesText(config.configFiles));
  if (authStrategyOf(config) === 'keystone') {
    say(`Authentication: Keystone at ${config.keystoneAuthUrl ?? ''}`);
    return;
  }
  say('Authentication: noauth2, which believes any token; for tests and try-outs only');
  say(`Try: curl -H 'x-auth-token: admin' -H 'openstack-api-version: placement latest' ${url}/resource_providers`);
}
