import type { Logger } from 'pino';
import type { CommandLine } from '../config/arguments.js';
import { withoutSecrets } from '../database-url/secrets.js';
import { loadConfig, type Config } from '../config.js';
import { startEmbedded, type EmbeddedDatabase } from '../db/embedded.js';
import { failureText } from '../failure-text.js';
import { defaultDataDir } from '../ops/process.js';
import { unlessAborted } from './unless-aborted.js';
import { openAdminListener, type AdminListener } from './admin-listener.js';
import { checkAuthStrategy } from './check-options.js';
import { handleUnhandledFailures } from './unhandled-failures.js';
import { drain } from './drain.js';
import { greet } from './greeting.js';
import { checkPortIsFree, openListeners } from './listeners.js';
import { openServer } from './open-server.js';
import { prepareDatabase } from './prepare-database.js';
import { createReloader } from './reload.js';
import { keepRestartOnly } from './restart-only-options.js';
import type { Server } from './server.js';
import { listenToSignals, type Signals } from './signals.js';
import { supervise } from './supervise.js';

export interface ServiceStart {
  readonly config: Config;
  readonly commandLine: CommandLine;
  readonly log: Logger;
  readonly reopenLog: () => void;
}

type ConnectionOf = (config: Config) => string;

/** Runs the service until a signal ends it. @throws when it cannot start or cannot go on */
export async function runService(given: ServiceStart): Promise<void> {
  const { log, config } = given;
  const signals = listenToSignals();
  const broken = handleUnhandledFailures(log);
  const admin = await openAdminListener(config, log);
  try {
    await serveWithDatabase(given, admin, signals, broken);
  } catch (error) {
    // The error also goes to the log file: the output on standard error may be lost.
    const hasFile = config.logFile !== null || config.logDir !== null;
    if (hasFile) log.fatal({ reason: failureText(error, config) }, 'the service ends because of a failure');
    throw error;
  } finally {
    admin.close();
  }
}

async function serveWithDatabase(
  given: ServiceStart,
  admin: AdminListener,
  signals: Signals,
  broken: Promise<never>,
): Promise<void> {
  const { config, log } = given;
  await checkPortIsFree(config, log);
  const dataDir = config.dataDir ?? defaultDataDir();
  const database = config.connection === null ? await openEmbedded(dataDir, signals.stop) : null;
  if (signals.stop.aborted) return;
  const connectionOf: ConnectionOf = ({ connection }) => connection ?? database?.connectionString ?? '';
  const data = database === null ? withoutSecrets(connectionOf(config)) : `${dataDir} (embedded PostgreSQL)`;
  try {
    const server = await openServer(config, connectionOf, log, signals.stop);
    if (server === null) return;
    try {
      await serveUntilTold(given, { server, admin, signals, connectionOf, data, broken });
    } catch (error) {
      await server.end(0, AbortSignal.abort());
      throw error;
    }
  } finally {
    await database?.stop();
  }
}

interface Serving {
  readonly server: Server;
  readonly admin: AdminListener;
  readonly signals: Signals;
  readonly connectionOf: ConnectionOf;
  /** Where the data is, for the greeting. */
  readonly data: string;
  /** Rejects when the process has to end. */
  readonly broken: Promise<never>;
}

async function serveUntilTold(given: ServiceStart, serving: Serving): Promise<void> {
  const { config, log } = given;
  const { server, admin, signals, connectionOf } = serving;
  const supervision = supervise(log, signals.stop);
  const inForce = { config };
  const listeners = await openListeners(config, server, log);
  try {
    admin.attach(server.admin);
    greet(config, listeners, serving.data);
    supervision.started(server, listeners.url);
    signals.onReload(
      createReloader({
        reload: () => supervision.duringReload(() => reload(given, inForce, server, connectionOf, signals.stop)),
        explain: (error) => failureText(error, inForce.config),
        log,
        stop: signals.stop,
      }),
    );
    const signal = await Promise.race([signals.first, server.failed, serving.broken]);
    log.info({ signal }, 'finishing the requests that have begun');
    supervision.stopping();
    await drain(inForce.config, listeners, server, signals);
  } catch (error) {
    listeners.close();
    throw error;
  } finally {
    supervision.close();
  }
}

/** Null when the process is told to stop before the database is ready. */
async function openEmbedded(dataDir: string, stop: AbortSignal): Promise<EmbeddedDatabase | null> {
  const database = await startEmbedded({ dataDir, stop }).catch((error: unknown) => {
    if (stop.aborted) return null;
    throw error;
  });
  if (!stop.aborted) return database;
  await database?.stop();
  return null;
}

/** Reads the configuration again and puts it in force. @throws when it cannot; the configuration stays as it was */
async function reload(
  { commandLine, log, reopenLog }: ServiceStart,
  inForce: { config: Config },
  server: Server,
  connectionOf: ConnectionOf,
  stop: AbortSignal,
): Promise<void> {
  reopenLog();
  const loaded = loadConfig(commandLine);
  for (const warning of loaded.warnings) log.warn({ warning }, 'the configuration has a problem');
  checkAuthStrategy(loaded.config);
  const { config: next, changed } = keepRestartOnly(inForce.config, loaded.config);
  if (changed.length > 0) log.warn({ options: changed }, 'these options have changed and need a restart');
  await unlessAborted(stop, prepareDatabase(next, connectionOf(next), log));
  stop.throwIfAborted();
  await server.reload(next);
  stop.throwIfAborted();
  inForce.config = next;
  log.info({ files: next.configFiles }, 'the configuration was read again and is in force');
}
