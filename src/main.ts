#!/usr/bin/env node
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout } from 'node:timers/promises';
import type { Logger } from 'pino';
import { authStrategyOf, keystoneOptions } from './auth/keystone/options.js';
import { composeService, migrateDatabase, type Service } from './compose.js';
import { ConfigError, helpText, readConfig, type Config } from './config.js';
import { EmbeddedError, startEmbedded } from './db/embedded.js';
import { isRefused, isUnavailable } from './db/failures.js';
import { SchemaError } from './db/migrate.js';
import { ApiError } from './errors.js';
import { createServer } from './http/server.js';
import { createLog } from './ops/log.js';
import { defaultDataDir, drain, isLoopback } from './ops/process.js';
import { PolicyFileError } from './policy/problem.js';

/** The process: read the configuration, bring the database up, listen; on SIGTERM finish what has begun and exit 0. */
async function main(): Promise<void> {
  const config = readConfig();
  if (config === 'help') {
    say(helpText());
    return;
  }
  checkAuthStrategy(config);
  const log = createLog(config.logLevel);
  const signals = listenToSignals();

  const dataDir = config.dataDir ?? defaultDataDir();
  const database = config.connection === null ? await startEmbedded({ dataDir }) : null;
  const connection = config.connection ?? database?.connectionString ?? '';
  try {
    const service = await untilDatabase(config, connection, log, signals.stop);
    if (service !== null) {
      try {
        const server = await listen(createServer(service.app), config);
        greet(config, server, database === null ? withoutPassword(connection) : `${dataDir} (embedded PostgreSQL)`);
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

/** Migrates and loads, again and again while the database is away; null when the process is told to stop meanwhile. */
async function untilDatabase(
  config: Config,
  connection: string,
  log: Logger,
  stop: AbortSignal,
): Promise<Service | null> {
  for (let wait = 250; !stop.aborted; wait = Math.min(wait * 2, 10_000)) {
    try {
      const migrations = await migrateDatabase(config, connection);
      if (migrations.length > 0) log.info({ migrations }, 'the database schema has been brought up to date');
      return await composeAndLoad(config, connection, log);
    } catch (error) {
      const problem = `The database at ${withoutPassword(connection)} cannot be used: ${reasonOf(error)}.`;
      if (isRefused(error)) throw new ConfigError(problem);
      // The topology reports a database that is away as any request would see it.
      if (!isUnavailable(error) && !(error instanceof ApiError)) throw error;
      say(`${problem} Trying again in ${wait / 1000} s.`);
      await setTimeout(wait, undefined, { signal: stop }).catch(() => undefined);
    }
  }
  return null;
}

async function composeAndLoad(config: Config, connection: string, log: Logger): Promise<Service> {
  const service = composeService(config, connection, log);
  try {
    await service.topology.current();
    return service;
  } catch (error) {
    await service.close();
    throw error;
  }
}

/** For a name with several addresses the driver's error has one error for each, and no message of its own. */
function reasonOf(error: unknown): string {
  const { message, errors } = error as Error & { errors?: Error[] };
  return message !== '' ? message : (errors ?? []).map((one) => one.message).join(', ');
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

function listen(server: Server, { host, port }: Config): Promise<Server> {
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      const why =
        error.code === 'EADDRINUSE'
          ? `port ${port} of ${host} is in use; choose another with --port, or 0 for any`
          : error.message;
      reject(new ConfigError(`Cannot listen: ${why}.`));
    });
    server.listen(port, host, () => {
      resolve(server);
    });
  });
}

function greet(config: Config, server: Server, data: string): void {
  const { port } = server.address() as AddressInfo;
  const host = config.host.includes(':') ? `[${config.host}]` : config.host;
  const url = `http://${host}:${port}`;
  say(`Stockroom listens on ${url}`);
  say(`Data: ${data}`);
  if (authStrategyOf(config) === 'keystone') {
    say(`Authentication: Keystone at ${config.keystoneAuthUrl ?? ''}`);
    return;
  }
  say('Authentication: noauth2, which believes any token; for tests and try-outs only');
  say(`Try: curl -H 'x-auth-token: admin' -H 'openstack-api-version: placement latest' ${url}/resource_providers`);
}

interface Signals {
  readonly first: Promise<NodeJS.Signals>;
  /** Aborted with the first signal. */
  readonly stop: AbortSignal;
  /** Aborted when somebody loses patience. */
  readonly hurry: AbortSignal;
}

/** Ctrl-C under npm arrives twice, from the terminal and from npm; only a signal well after the first means impatience. */
function listenToSignals(): Signals {
  const [stopping, hurrying] = [new AbortController(), new AbortController()];
  let firstAt = Infinity;
  const first = new Promise<NodeJS.Signals>((resolve) => {
    const onSignal = (signal: NodeJS.Signals): void => {
      firstAt = Math.min(firstAt, performance.now());
      stopping.abort();
      resolve(signal);
      if (performance.now() - firstAt > 1000) hurrying.abort();
    };
    process.on('SIGTERM', onSignal).on('SIGINT', onSignal);
  });
  return { first, stop: stopping.signal, hurry: hurrying.signal };
}

function withoutPassword(connection: string): string {
  const url = new URL(connection);
  url.password = '';
  url.searchParams.delete('password');
  return url.toString();
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}

try {
  await main();
} catch (error) {
  const expected = [ConfigError, EmbeddedError, PolicyFileError, SchemaError].some((kind) => error instanceof kind);
  process.stderr.write(`${expected || !(error instanceof Error) ? (error as Error).message : (error.stack ?? '')}\n`);
  process.exitCode = 1;
}
