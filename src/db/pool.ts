import pg from 'pg';

export interface DatabaseOptions {
  readonly connectionString: string;
  readonly maxConnections: number;
  /** Longest wait for a connection, milliseconds. */
  readonly connectTimeout: number;
  /** Longest wait for one of the pool's connections, a new one included, milliseconds; connectTimeout unless given. */
  readonly poolTimeout?: number;
  /** Free connections of the pool that are older are closed, seconds; 0 for never. */
  readonly maxConnectionAge?: number;
  /** Longest time for one statement, milliseconds, in the server and (a little longer) in the driver; 0 for no limit. */
  readonly statementTimeout: number;
}

/** The connections that requests share. */
export function createPool(options: DatabaseOptions): pg.Pool {
  const pool = new pg.Pool({
    ...clientConfig(options),
    connectionTimeoutMillis: options.poolTimeout ?? options.connectTimeout,
    maxLifetimeSeconds: options.maxConnectionAge ?? 0,
    max: options.maxConnections,
    // Statements of one transaction go out without waiting for each other's answers where the code does not await them.
    pipeline: true,
  });
  // An idle connection that breaks is replaced when one is needed; without a listener it would end the process.
  pool.on('error', () => undefined);
  // So would one that breaks while it is lent out, under a statement, which fails with the same error.
  pool.on('connect', (client) => client.on('error', () => undefined));
  return pool;
}

/** A connection of its own: for catch-ups, migrations, anything that must not wait for the pool. */
export async function connectClient(options: DatabaseOptions): Promise<pg.Client> {
  const client = new pg.Client(clientConfig(options));
  // The statement under way fails with the same error; without a listener the event would end the process.
  client.on('error', () => undefined);
  await client.connect();
  return client;
}

function clientConfig({ connectionString, connectTimeout, statementTimeout }: DatabaseOptions): pg.ClientConfig {
  return {
    connectionString,
    application_name: 'stockroom',
    connectionTimeoutMillis: connectTimeout,
    statement_timeout: statementTimeout,
    // The server's deadline does not help on a half-open connection; the driver's does.
    query_timeout: statementTimeout === 0 ? 0 : statementTimeout + 1000,
    idle_in_transaction_session_timeout: statementTimeout,
    keepAlive: true,
  };
}
