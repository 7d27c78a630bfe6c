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

/** The connections that requests share, and what is known of the database they lead to. */
export interface Pool extends pg.Pool {
  readonly availability: Availability;
  readonly counts: TransactionCounts;
  /** The order in which requests write (scheduler/scheduler.ts). */
  readonly scheduler: Scheduler;
  /** Until when a write that begins now is tried, as a time of `performance.now()`. */
  writeDeadline(): number;
  /**
   * One connection, to be released.
   * @throws ApiError 503 when there is none to be had
   */
  borrow(): Promise<pg.PoolClient>;
  /** Ends, within moments, whatever state connections are in. */
  close(): Promise<void>;
}

/** What did not go straight with the transactions of a pool since it was made. */
export interface TransactionCounts {
  /** Transactions that ran again: after a deadlock or serialization failure, or a connection that broke before COMMIT. */
  readonly retried: { conflict: number; connection: number };
  /** Transactions whose connection broke while they were being committed: they may or may not have been. */
  outcomeUnknown: number;
}

export interface PoolParts {
  readonly availability: Availability;
  readonly watchdog: Watchdog;
  /** A row stays locked by another session, or is free again. */
  readonly onLocked?: SchedulerOptions['onLocked'];
}

/** The host name of the database leads to a standby: its data may be old. */
class StandbyError extends Error {
  /** cannot_connect_now: it may become the primary. */
  readonly code = '57P03';
}

/**
 * How long a statement of a request waits for a row that another session has locked, before the request leaves its place to
 * others (scheduler/scheduler.ts). A claim's transaction takes some milliseconds.
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
    // Statements of one transaction go out without waiting for each other's results where the code does not await them.
    pipeline: true,
    verify: (client, done) => {
      pinSession(client, { ...deadlines(options), lock: LOCK_TIMEOUT_MS }).then((session) => {
        done(problemWith(session, hosts) ?? undefined);
      }, done);
    },
  });
  // An idle connection that breaks is replaced when one is needed; without a listener it would end the process.
  pool.on('error', () => undefined);
  pool.on('connect', (client) => {
    // So would one that breaks while it is lent out, under a statement, which fails with the same error.
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
      // What is lent out comes back when its statement ends, at the latest when the watchdog has cut it.
      await Promise.race([pool.end(), setTimeout(GOODBYE_MS, undefined, { ref: false })]);
      watchdog.stop();
    },
  });
}

/** How many connections of a pool may wait for stuck rows, and for how long at a stretch: most are free for other requests. */
function waitingPlaces(maxConnections: number): Pick<SchedulerOptions, 'places' | 'patience'> {
  if (maxConnections < 5) return { places: 1, patience: 100 };
  return { places: Math.min(10, Math.floor(maxConnections / 5)), patience: 2000 };
}

const GOODBYE_MS = 1000;

/** A connection keeps the role its server had: a primary that becomes a standby starts anew. */
const STANDBY =
  'the database server is a standby (in recovery): point the connection at the primary, for example with ' +
  'target_session_attrs=read-write';

/** What is idle in a transaction is a fault of ours, and holds locks. */
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

/** Null for a server that can be written to; a single one that only reads by default serves readers. */
function problemWith({ standby, readOnly }: Session, { readWrite, several }: Hosts): StandbyError | null {
  if (standby) return new StandbyError(STANDBY);
  return readOnly && readWrite && several
    ? new StandbyError(
        'its sessions are read-only (default_transaction_read_only), and target_session_attrs=read-write',
      )
    : null;
}

function hostsOf({ hosts, connectionString }: DatabaseOptions): Hosts {
  return hosts ?? createHosts(connectionString);
}

/** Clients that connect to the server that was right last. */
function clientOf(hosts: Hosts): new () => pg.Client {
  return class extends pg.Client {
    constructor(given?: pg.ClientConfig) {
      const [config, problem] = outcomeOf(() => hosts.preferred());
      super({ ...given, ...config });
      if (problem === null) return;
      // Thrown here it would reach no caller: the pool also makes clients when others leave.
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
 * A connection of its own: for catch-ups, migrations, anything that must not wait for the pool. With several hosts it is the first that
 * can be written to; a single one may be a standby, which callers recognise.
 *
 * @throws UnusableConnection when the configuration has to be changed first
 */
export async function connectClient(options: DatabaseOptions): Promise<pg.Client> {
  const hosts = hostsOf(options);
  return hosts.connect(async (config) => {
    const client = new pg.Client({ ...clientConfig(options, hosts), ...config });
    // The statement under way fails with the same error; without a listener the event would end the process.
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
    // The server's deadline does not help on a half-open connection; the driver's does.
    query_timeout: statementTimeout === 0 ? 0 : statementTimeout + 1000,
    keepAlive: true,
    // Then the operating system asks every second, and gives up after ten; by itself it would begin after two hours.
    keepAliveInitialDelayMillis: 10_000,
  };
}
