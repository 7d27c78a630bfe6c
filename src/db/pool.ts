import { setTimeout } from 'node:timers/promises';
import pg from 'pg';
import { databaseBusy, databaseUnavailable } from '../errors.js';
import { isOutOfConnections } from './failures.js';
import type { Availability } from './availability.js';
import type { Scheduler, SchedulerOptions } from './scheduler/model.js';
import { createScheduler } from './scheduler/scheduler.js';
import type { Watchdog } from './watchdog.js';
import { destroyClient } from './close-client.js';
import { createHosts, type Hosts } from './hosts.js';
import type { DatabaseOptions } from './options.js';
import { pinSession, type Session, type SessionDeadlines } from './session.js';

/** The connections that requests share, with the state of their database. */
export interface Pool extends pg.Pool {
  readonly availability: Availability;
  readonly counts: TransactionCounts;
  /** The order in which requests write (scheduler/scheduler.ts). */
  readonly scheduler: Scheduler;
  /** The deadline of a write that begins now, as a time of `performance.now()`. */
  writeDeadline(): number;
  /**
   * One connection, to be released.
   * @throws ApiError 503 when no connection is free in time
   */
  borrow(): Promise<pg.PoolClient>;
  /** Closes the pool within a moment, whatever state its connections are in. */
  close(): Promise<void>;
}

/** Counts of what went wrong with the transactions of a pool since its creation. */
export interface TransactionCounts {
  /** Transactions that ran again after a deadlock, a serialization failure, or a connection that broke before COMMIT. */
  readonly retried: { conflict: number; connection: number };
  /** Transactions whose connection broke during COMMIT, so that their outcome is unknown. */
  outcomeUnknown: number;
}

export interface PoolParts {
  readonly availability: Availability;
  readonly watchdog: Watchdog;
  /** Called when another session keeps a row locked, and when the row is free again. */
  readonly onLocked?: SchedulerOptions['onLocked'];
}

/** The URL leads to a standby: its data may be old. */
class StandbyError extends Error {
  /** cannot_connect_now: the standby may become the primary. */
  readonly code = '57P03';
}

/**
 * How long a statement of a request waits for a row that another session has locked, before it lets other writes go first
 * (scheduler/scheduler.ts). A claim's transaction takes some milliseconds.
 */
const LOCK_TIMEOUT_MS = 50;

export function createPool(options: DatabaseOptions, parts: PoolParts): Pool {
  const { availability, watchdog } = parts;
  const hosts = hostsOf(options);
  const pool = new pg.Pool({
    ...clientConfig(options, hosts),
    Client: clientOf(hosts),
    connectionTimeoutMillis: options.poolTimeout ?? options.connectTimeout,
    maxLifetimeSeconds: options.maxConnectionAge ?? 0,
    max: options.maxConnections,
    // The driver sends the statements of a transaction in a pipeline where the code does not await each of them.
    pipeline: true,
    verify: (client, done) => {
      pinSession(client, { ...deadlines(options), lock: LOCK_TIMEOUT_MS }).then((session) => {
        done(problemWith(session, hosts) ?? undefined);
      }, done);
    },
  });
  // The pool replaces an idle connection that broke. Without a listener the event would end the process.
  pool.on('error', () => undefined);
  pool.on('connect', (client) => {
    // The same for a borrowed connection. Its statement fails with the same error.
    client.on('error', () => undefined);
    if (options.preparedStatements === false) forgetNames(client);
    watchdog.watch(client);
  });
  pool.on('acquire', (client) => {
    watchdog.busy(client);
  });
  pool.on('release', (_error, client) => {
    watchdog.idle(client);
  });

  async function borrow(): Promise<pg.PoolClient> {
    const rejection = availability.rejection();
    if (rejection !== null) throw rejection;
    const since = performance.now();
    try {
      const client = await pool.connect();
      availability.connected();
      return client;
    } catch (error) {
      if (isOutOfConnections(error)) {
        availability.report('connections', error);
        throw databaseBusy(error);
      }
      availability.unreachable(error, since);
      throw availability.rejection() ?? databaseUnavailable(1, error);
    }
  }

  return Object.assign(pool, {
    availability,
    scheduler: createScheduler({ ...waitingPlaces(options.maxConnections), onLocked: parts.onLocked }),
    writeDeadline: () => (options.statementTimeout === 0 ? Infinity : performance.now() + options.statementTimeout),
    counts: { retried: { conflict: 0, connection: 0 }, outcomeUnknown: 0 },
    borrow,
    async close() {
      // A borrowed connection returns when its statement ends, at the latest after the watchdog has closed it.
      await Promise.race([pool.end(), setTimeout(GOODBYE_MS, undefined, { ref: false })]);
      watchdog.stop();
    },
  });
}

/** How many connections of a pool may wait for stuck rows, and for how long at a time. The others stay free for other requests. */
function waitingPlaces(maxConnections: number): Pick<SchedulerOptions, 'places' | 'patience'> {
  if (maxConnections < 5) return { places: 1, patience: 100 };
  return { places: Math.min(10, Math.floor(maxConnections / 5)), patience: 2000 };
}

const GOODBYE_MS = 1000;

/** Connections are not checked again: a primary that becomes a standby restarts and so closes them. */
const STANDBY = 'the database server is a standby (in recovery)';
const ADVICE = ': point the connection at the primary, for example with target_session_attrs=read-write';

/** A session that is idle in a transaction is a bug of ours, and it holds locks. */
function deadlines({ statementTimeout }: DatabaseOptions): SessionDeadlines {
  return { statement: statementTimeout, idleInTransaction: statementTimeout, lock: 0 };
}

/** Named statements live in a session. */
function forgetNames(client: pg.ClientBase): void {
  const query = client.query.bind(client) as (first: unknown, ...rest: unknown[]) => unknown;
  const unnamed = (first: unknown): unknown =>
    typeof first === 'object' && first !== null && 'name' in first ? { ...first, name: undefined } : first;
  Object.assign(client, { query: (first: unknown, ...rest: unknown[]) => query(unnamed(first), ...rest) });
}

/** Null for a usable server. A single server that is read-only by default is usable for readers. */
function problemWith({ standby, readOnly }: Session, { readWrite, several }: Hosts): StandbyError | null {
  if (standby) return new StandbyError(readWrite ? STANDBY : STANDBY + ADVICE);
  return readOnly && readWrite && several
    ? new StandbyError(
        'its sessions are read-only (default_transaction_read_only), and target_session_attrs=read-write',
      )
    : null;
}

function hostsOf({ hosts, connectionString }: DatabaseOptions): Hosts {
  return hosts ?? createHosts(connectionString);
}

/** A class of clients that connect to the server that was usable last. */
function clientOf(hosts: Hosts): new () => pg.Client {
  return class extends pg.Client {
    constructor(given?: pg.ClientConfig) {
      const [config, problem] = outcomeOf(() => hosts.preferred());
      super({ ...given, ...config });
      if (problem === null) return;
      // An error that is thrown here would reach no caller, because the pool also creates clients when others are released.
      this.connect = ((callback: (error: unknown) => void) => {
        process.nextTick(callback, problem);
      }) as typeof this.connect;
    }
  };
}

function outcomeOf(read: () => pg.ClientConfig): [config: pg.ClientConfig, problem: unknown] {
  try {
    return [read(), null];
  } catch (error) {
    return [{}, error];
  }
}

/**
 * Opens a connection outside the pool: for catch-ups, migrations, and anything that must not wait for the pool. Of several
 * hosts it takes the first that is writable. A single host may be a standby, which callers recognise.
 *
 * @throws UnusableConnection when the configuration has to be changed first
 */
export async function connectClient(options: DatabaseOptions): Promise<pg.Client> {
  const hosts = hostsOf(options);
  return hosts.connect(async (config) => {
    const client = new pg.Client({ ...clientConfig(options, hosts), ...config });
    // The running statement fails with the same error. Without a listener the event would end the process.
    client.on('error', () => undefined);
    if (options.preparedStatements === false) forgetNames(client);
    try {
      await client.connect();
      const session = await pinSession(client, deadlines(options));
      const problem = hosts.several ? problemWith(session, hosts) : null;
      if (problem !== null) throw problem;
    } catch (error) {
      destroyClient(client);
      throw error;
    }
    return client;
  }, destroyClient);
}

function clientConfig({ connectTimeout, statementTimeout }: DatabaseOptions, hosts: Hosts): pg.ClientConfig {
  return {
    application_name: 'stockroom',
    connectionTimeoutMillis: hosts.connectTimeout ?? connectTimeout,
    // On a half-open connection only the driver's deadline works, not the server's.
    query_timeout: statementTimeout === 0 ? 0 : statementTimeout + 1000,
    keepAlive: true,
    // Then the operating system probes every second and gives up after ten; by default it would begin after two hours.
    keepAliveInitialDelayMillis: 10_000,
  };
}
