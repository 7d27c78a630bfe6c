import net, { type Server } from 'node:net';
import { setTimeout } from 'node:timers/promises';
import type { Logger } from 'pino';
import { authStrategyOf, keystoneOptions } from '../auth/keystone/options.js';
import type { CommandLine } from '../config/arguments.js';
import { withoutSecrets } from '../database-url/secrets.js';
import { filesText, optionsForLog } from '../config/show.js';
import { ConfigError, loadConfig, type Config } from '../config.js';
import { startEmbedded, type EmbeddedDatabase } from '../db/embedded.js';
import { handleTheUnhandled } from '../ops/last-resort.js';
import { defaultDataDir, isLoopback } from '../ops/process.js';
import { openAdminListener, type AdminListener } from './admin-listener.js';
import { say, warn, type Command } from './command.js';
import { checkEmbeddedAsked } from './embedded-asked.js';
import { failureText } from '../failure-text.js';
import { listen, tryToListen, type ListenOptions } from './listen.js';
import { unlessAborted } from './serve/aborted.js';
import { serveHere } from './serve/here.js';
import { openLog } from './serve/open-log.js';
import { withFixedOptions } from './serve/fixed-options.js';
import { createReloader } from './serve/reload.js';
import type { Site } from './serve/site.js';
import { prepareDatabase, untilDatabase } from './serve/until-database.js';
import { supervise } from './serve/supervise.js';
import { serveWithWorkers, workersOf } from './serve/workers.js';
import { listenToSignals, type Signals } from './signals.js';

export const command: Command = {
  help: 'Brings the database up and listens. SIGTERM or Ctrl-C: finishes what has begun, and ends. SIGHUP: reads the configuration again.',
  async run(loaded, commandLine) {
    warn(loaded);
    const { config } = loaded;
    checkEmbeddedAsked(config, commandLine.switches.has('embedded'));
    checkAuthStrategy(config);
    checkPorts(config);
    const files: (() => void)[] = [];
    const log = openLog(config, (reopen) => files.push(reopen));
    if (config.logOptions) log.debug({ options: optionsForLog(loaded) }, 'configuration');
    const reopenLog = (): void => {
      for (const reopen of files) reopen();
    };
    await run({ config, commandLine, log, reopenLog });
    return 0;
  },
};

interface Run {
  readonly config: Config;
  readonly commandLine: CommandLine;
  readonly log: Logger;
  readonly reopenLog: () => void;
}

/** How long a process that must not go on may take to stop its database and its workers. */
const LAST_MS = 10_000;

async function run(given: Run): Promise<void> {
  const { log, config } = given;
  const signals = listenToSignals();
  // A terminal or a pipe that nothing reads any more does not end the service; without a listener the event would.
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => undefined);
  const broken = new Promise<never>((_, reject) => {
    handleTheUnhandled(given.log, (error) => {
      reject(error);
      globalThis.setTimeout(() => process.exit(1), LAST_MS).unref();
    });
  });
  broken.catch(() => undefined);
  const admin = await openAdminListener(config, log);
  try {
    await serveUntilTold(given, admin, signals, broken);
  } catch (error) {
    // What is thrown is printed to standard error, which may be gone later; a log file stays.
    const hasFile = config.logFile !== null || config.logDir !== null;
    if (hasFile) log.fatal({ reason: failureText(error, config) }, 'the service ends because of a failure');
    throw error;
  } finally {
    admin.close();
  }
}

async function serveUntilTold(
  given: Run,
  admin: AdminListener,
  signals: Signals,
  broken: Promise<never>,
): Promise<void> {
  const { config, log } = given;
  // A service that cannot listen must not have migrated the database of the one that does.
  await tryToListen(listenOptions(config, log));
  const dataDir = config.dataDir ?? defaultDataDir();
  const database = config.connection === null ? await openEmbedded(dataDir, signals.stop) : null;
  if (signals.stop.aborted) return;
  const connectionOf = ({ connection }: Config): string => connection ?? database?.connectionString ?? '';
  try {
    const site = await openSite(config, connectionOf, log, signals.stop);
    if (site === null) return;
    const [listener, listsListener] = [accept(config, site), accept(config, site)];
    const listeners = [listener, listsListener];
    const supervision = supervise(log, signals.stop);
    try {
      const url = await listen(listener, listenOptions(config, log));
      const lists = listsListenOptions(config, log);
      const listsUrl = lists === null ? null : await listen(listsListener, lists);
      admin.attach(site.admin);
      const data = database === null ? withoutSecrets(connectionOf(config)) : `${dataDir} (embedded PostgreSQL)`;
      greet(config, url, data, listsUrl);
      supervision.started(site, url);
      const inForce = { config };
      signals.onReload(
        createReloader({
          reload: () => supervision.duringReload(() => reload(given, inForce, site, connectionOf, signals.stop)),
          explain: (error) => failureText(error, inForce.config),
          log,
          stop: signals.stop,
        }),
      );
      const signal = await Promise.race([signals.first, site.failed, broken]);
      log.info({ signal }, 'finishing the requests that have begun');
      supervision.stopping();
      await leave(inForce.config, listeners, site, signals);
    } catch (error) {
      // A listener that stays open accepts connections that are never served, and keeps the process.
      for (const one of listeners) one.close();
      await site.end(0, AbortSignal.abort());
      throw error;
    } finally {
      supervision.close();
    }
  } finally {
    await database?.stop();
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

/** Null when the process is told to stop before it is ready. */
async function openSite(
  config: Config,
  connectionOf: (config: Config) => string,
  log: Logger,
  stop: AbortSignal,
): Promise<Site | null> {
  const connection = connectionOf(config);
  const site = await untilDatabase(config, connection, stop, async () => {
    await prepareDatabase(config, connection, log);
    return workersOf(config) === 1 ? await serveHere(config, connectionOf, log, stop) : null;
  });
  if (site !== null || stop.aborted) return site;
  return serveWithWorkers(config, connectionOf, log, stop);
}

function listenOptions({ host, port }: Config, log: Logger): ListenOptions {
  return { ...{ host, port, flag: '--port' }, onError: acceptFailed(log) };
}

/** Null when there is no listener for clients of object stores. */
function listsListenOptions({ listsS3Host: host, listsS3Port: port }: Config, log: Logger): ListenOptions | null {
  if (port === null) return null;
  return { ...{ host, port, flag: '[stockroom] lists_s3_port' }, onError: acceptFailed(log) };
}

function acceptFailed(log: Logger) {
  return (error: Error): void => {
    log.error({ reason: error.message }, 'a connection could not be accepted');
  };
}

/** Tells load balancers first, if they need time, then refuses connections, then finishes. */
async function leave(
  { drainDelay, drainTimeout }: Config,
  listeners: readonly Server[],
  site: Site,
  { hurry }: Signals,
): Promise<void> {
  if (drainDelay > 0) {
    site.announce();
    await setTimeout(drainDelay * 1000, undefined, { signal: hurry }).catch(() => undefined);
  }
  // Connections that the system has accepted for us already come first. Only then clients are asked to close theirs: they
  // come back at once, and must be refused, not accepted and dropped.
  await new Promise((resolve) => setImmediate(resolve));
  for (const listener of listeners) listener.close();
  site.announce();
  await site.end(drainTimeout * 1000, hurry);
}

/** Reads the configuration again and puts it in force. @throws when it stays as it was */
async function reload(
  { commandLine, log, reopenLog }: Run,
  inForce: { config: Config },
  site: Site,
  connectionOf: (config: Config) => string,
  stop: AbortSignal,
): Promise<void> {
  reopenLog();
  const loaded = loadConfig(commandLine);
  for (const warning of loaded.warnings) log.warn({ warning }, 'the configuration has a problem');
  checkAuthStrategy(loaded.config);
  const { config: next, fixed } = withFixedOptions(inForce.config, loaded.config);
  if (fixed.length > 0) log.warn({ options: fixed }, 'these options have changed and need a restart');
  await unlessAborted(stop, prepareDatabase(next, connectionOf(next), log));
  stop.throwIfAborted();
  await site.reload(next);
  stop.throwIfAborted();
  inForce.config = next;
  log.info({ files: next.configFiles }, 'the configuration was read again and is in force');
}

/** Connections are told apart by the port that they came to. */
function checkPorts({ port, listsS3Port }: Config): void {
  if (port !== listsS3Port) return;
  throw new ConfigError(`[stockroom] lists_s3_port is ${port}, which is the port of the API; choose another.`);
}

function checkAuthStrategy(config: Config): void {
  if (authStrategyOf(config) === 'keystone') {
    keystoneOptions(config); // throws when something is missing
    return;
  }
  const hosts = [config.host, ...(config.listsS3Port === null ? [] : [config.listsS3Host])];
  const open = hosts.find((host) => !isLoopback(host));
  if (config.authStrategy !== null || open === undefined) return;
  throw new ConfigError(
    `On ${open}, which other machines can reach, the strategy that believes any token has to be asked for: set ` +
      'OS_API__AUTH_STRATEGY=noauth2 (or [api] auth_strategy = noauth2), fill in [keystone_authtoken], or listen on 127.0.0.1.',
  );
}

/** A server that accepts connections and has nothing to do with what is said on them. */
function accept(config: Config, site: Site): Server {
  // Where there are workers, they read what clients say, not this process.
  const options = { allowHalfOpen: true, noDelay: true, pauseOnConnect: workersOf(config) > 1 };
  return net.createServer(options, (socket) => {
    site.receive(socket);
  });
}

function greet(config: Config, url: string, data: string, listsUrl: string | null): void {
  say(`Stockroom listens on ${url}`);
  say(`Data: ${data}`);
  say(filesText(config.configFiles));
  if (config.docs) say(`API reference: ${url}/docs`);
  if (listsUrl !== null) say(`Inventory jobs for clients of COS, OSS and S3: ${listsUrl}`);
  if (workersOf(config) > 1) say(`Workers: ${workersOf(config)}`);
  if (authStrategyOf(config) === 'keystone') {
    say(`Authentication: Keystone at ${config.keystoneAuthUrl ?? ''}`);
    return;
  }
  say('Authentication: noauth2, which believes any token; for tests and try-outs only');
  say(`Try: curl -H 'x-auth-token: admin' -H 'openstack-api-version: placement latest' ${url}/resource_providers`);
}
