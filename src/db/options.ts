import type { Config } from '../config.js';
import { createHosts, type Hosts } from './hosts.js';

export interface DatabaseOptions {
  readonly connectionString: string;
  /** The servers of the connection string. Connections that share this object share what they know of the servers. */
  readonly hosts?: Hosts;
  readonly maxConnections: number;
  /** Longest wait for a connection, milliseconds. */
  readonly connectTimeout: number;
  /** Longest wait for one of the pool's connections, a new one included, milliseconds; connectTimeout unless given. */
  readonly poolTimeout?: number;
  /** The pool closes free connections that are older, seconds; 0: never. */
  readonly maxConnectionAge?: number;
  /** The longest time of a statement, milliseconds, in the server and (a little longer) in the driver; 0: no limit. */
  readonly statementTimeout: number;
  /** False: no named statements, for a pooler that gives each transaction another session. The default is true. */
  readonly preparedStatements?: boolean;
}

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
