import type pg from 'pg';
import type { Config } from './config.js';
import { checkSchema, migrate, schemaState, schemaVersion, type SchemaState } from './db/migrate.js';
import type { Logger } from 'pino';
import { createDatabaseHealth } from './db/health.js';
import { connectClient, createPool, type DatabaseOptions, type Pool } from './db/pool.js';
import { createWatchdog } from './db/watchdog.js';
import type { CorsOptions } from './http/cors.js';
import type { MemoryLimits } from './http/memory.js';
import { policySearchPath } from './policy/locate.js';
import type { PolicyOptions } from './policy/policy.js';
import { createHosts } from './db/hosts.js';

/**
 * What the configuration comes to for single parts: here, not in compose.ts, because a command that needs the database alone
 * would load the whole service for it, 0.4 s of its time.
 */

export function databaseOptions(config: Config, connectionString: string): DatabaseOptions {
  return {
    connectionString,
    hosts: createHosts(connectionString),
    maxConnections:
      config.maxPoolSize === 0 || config.maxOverflow === -1 ? Infinity : config.maxPoolSize + config.maxOverflow,
    maxConnectionAge: Math.max(0, config.connectionRecycleTime),
    ...(config.poolTimeout === null ? {} : { poolTimeout: config.poolTimeout * 1000 }),
    connectTimeout: config.connectTimeout * 1000,
    statementTimeout: config.statementTimeout * 1000,
    preparedStatements: config.preparedStatements,
  };
}

/** How the configuration wants policy to be: for the service, and for what judges policy files on the command line. */
export function policyOptions(config: Config): Omit<PolicyOptions, 'log'> {
  return {
    policyFile: config.policyFile,
    policyDirs: config.policyDirs,
    searchPath: policySearchPath(config.configFiles, config.configDirs),
    defaultRule: config.policyDefaultRule,
    enforceNewDefaults: config.enforceNewDefaults,
    enforceScope: config.enforceScope,
    remote: {
      contentType: config.remoteContentType,
      timeout: config.remoteTimeout,
      verifyServer: config.remoteSslVerifyServerCrt,
      caFile: config.remoteSslCaCrtFile,
      certFile: config.remoteSslClientCrtFile,
      keyFile: config.remoteSslClientKeyFile,
    },
  };
}

/** Null when no origin is allowed. */
export function corsOptions(config: Config): CorsOptions | null {
  if (config.corsAllowedOrigin.length === 0) return null;
  return {
    allowedOrigins: config.corsAllowedOrigin,
    allowCredentials: config.corsAllowCredentials,
    exposeHeaders: config.corsExposeHeaders,
    maxAge: config.corsMaxAge,
    allowMethods: config.corsAllowMethods,
    allowHeaders: config.corsAllowHeaders,
  };
}

/** There is always room for the largest single body. */
export function memoryLimits(config: Config): MemoryLimits {
  return {
    requests: Math.max(config.maxRequestBytesInMemory, config.maxRequestBody),
    responses: config.maxResponseBytesInMemory,
  };
}

/** Brings the schema of a database up to date. */
export function migrateDatabase(config: Config, connectionString: string): Promise<readonly string[]> {
  return migrate(databaseOptions(config, connectionString));
}

/** For a database whose schema is not to be touched: only adds the standard names that are missing. */
export function checkDatabase(config: Config, connectionString: string): Promise<void> {
  return checkSchema(databaseOptions(config, connectionString));
}

/** The name of the newest migration of a database; null for an empty one. */
export function databaseVersion(config: Config, connectionString: string): Promise<string | null> {
  return schemaVersion(databaseOptions(config, connectionString));
}

/** Which migrations a database has, and which it lacks. */
export function databaseSchema(config: Config, connectionString: string): Promise<SchemaState> {
  return schemaState(databaseOptions(config, connectionString));
}

/** One connection, for what the command line asks; the caller ends it. */
export function connectDatabase(config: Config, connectionString: string): Promise<pg.Client> {
  return connectClient(databaseOptions(config, connectionString));
}

/** A pool for a process without a topology; the caller closes it. */
export function openPool(config: Config, connectionString: string, log: Logger): Pool {
  const database = databaseOptions(config, connectionString);
  const watchdog = createWatchdog({
    connect: () => connectClient({ ...database, statementTimeout: database.connectTimeout }),
    patience: database.connectTimeout / 2,
    onUnreachable: () => undefined,
  });
  return createPool(database, { health: createDatabaseHealth(log), watchdog, onUnreachable: () => undefined });
}
