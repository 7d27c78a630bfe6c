import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout } from 'node:timers/promises';
import type { Logger } from 'pino';
import { composeService, migrateDatabase, type Service } from './compose.js';
import { ConfigError, helpText, readConfig, type Config } from './config.js';
import { startEmbedded } from './db/embedded.js';
import { isUnavailable } from './db/failures.js';
import { SchemaError } from './db/migrate.js';
import { createServer } from './http/server.js';
import { createLog } from './ops/log.js';
import { defaultDataDir, drain, isLoopback } from './ops/process.js';
import { PolicyFileError } from './policy/problem.js';
import { UnusableDatabase } from './topology/journal.js';

/** The process: read the configuration, bring the database up, listen; on SIGTERM finish what has begun and exit 0. */
async function main(): Promise<void> {
  const config = readConfig();
  if (config === 'help') {
    say(helpText());
    return;
  }
  checkAuthStrategy(config);
  const log = createLog(config.logLevel);
  const stopping = new AbortController();
  const signalled = untilSignal(stopping);

  const dataDir = config.dataDir ?? defaultDataDir();
  const database = config.connection === null ? await startEmbedded({ dataDir }) : null;
  const connection = config.connection ?? database?.connectionString ?? '';
  try {
    const service = await untilDatabase(config, connection, log, stopping.signal);
    if (service !== null) {
      const server = await listen(createServer(service.app), config);
      greet(config, server, database === null ? null : dataDir);
      log.info({ signal: await signalled }, 'finishing the requests that have begun');
      await drain(server);
      await service.close();
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
      const service = composeService(config, connection, log);
      await service.topology.current();
      return service;
    } catch (error) {
      if (!isUnavailable(error) && !(error instanceof UnusableDatabase)) throw error;
      say(
        `The database at ${withoutPassword(connection)} cannot be used: ${(error as Error).message}. ` +
          `Trying again in ${wait / 1000} s.`,
      );
      await setTimeout(wait, undefined, { signal: stop }).catch(() => undefined);
    }
  }
  return null;
}

function checkAuthStrategy(config: Config): void {
  if (config.authStrategy !== null || isLoopback(config.host)) return;
  throw new ConfigError(
    `On ${config.host}, which other machines can reach, the strategy that believes any token has to be asked for: set ` +
      'OS_API__AUTH_STRATEGY=noauth2 (or [api] auth_strategy = noauth2), or listen on 127.0.0.1.',
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

function greet(config: Config, server: Server, dataDir: string | null): void {
  const { port } = server.address() as AddressInfo;
  const host = config.host.includes(':') ? `[${config.host}]` : config.host;
  const url = `http://${host}:${port}`;
  say(`Stockroom listens on ${url}`);
  say(dataDir === null ? 'Data: the PostgreSQL you gave' : `Data: ${dataDir} (embedded PostgreSQL)`);
  say('Authentication: noauth2, which believes any token; for tests and try-outs only');
  say(`Try: curl -H 'x-auth-token: admin' -H 'openstack-api-version: placement latest' ${url}/resource_providers`);
}

function untilSignal(stopping: AbortController): Promise<NodeJS.Signals> {
  return new Promise((resolve) => {
    for (const signal of ['SIGTERM', 'SIGINT'] as const) {
      process.once(signal, () => {
        stopping.abort();
        resolve(signal);
      });
    }
  });
}

function withoutPassword(connection: string): string {
  const url = new URL(connection);
  url.password = '';
  return url.toString();
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}

try {
  await main();
} catch (error) {
  const expected = error instanceof ConfigError || error instanceof SchemaError || error instanceof PolicyFileError;
  process.stderr.write(
    `${expected || !(error instanceof Error) ? String((error as Error).message) : (error.stack ?? '')}\n`,
  );
  process.exitCode = 1;
}
