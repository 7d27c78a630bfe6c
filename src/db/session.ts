import type pg from 'pg';
import { numberOf } from './watchdog.js';

/**
 * The settings that correctness or a response depends on, stated by each session itself: what the server, the database, the role or
 * `options` in the URL say does not reach it (docs/adr/0014-settings-that-are-pinned.md). They are set after the connection is made,
 * because startup parameters lose against `options`.
 */
const PINNED: Readonly<Record<string, string>> = {
  // Statements that are transactions of their own; others say it with BEGIN.
  default_transaction_isolation: 'read committed',
  default_transaction_deferrable: 'off',
  TimeZone: 'UTC',
  DateStyle: 'ISO, MDY',
  IntervalStyle: 'postgres',
  bytea_output: 'hex',
  standard_conforming_strings: 'on',
  array_nulls: 'on',
  transform_null_equals: 'off',
  // Shortest exact: with 0 and below an allocation ratio loses digits.
  extra_float_digits: '1',
  // Only the pool decides how long a connection lives.
  idle_session_timeout: '0',
  // A statement of milliseconds whose cost the planner overestimates would be compiled for 300 ms first, at each connection.
  jit: 'off',
};

/** Deadlines in milliseconds; 0 for none. */
export interface SessionDeadlines {
  readonly statement: number;
  readonly idleInTransaction: number;
  /** Of waits for a row or a table that another session has locked. */
  readonly lock: number;
}

export interface Session {
  /** The server is in recovery. */
  readonly standby: boolean;
  /** Transactions read only unless they say otherwise: a standby, or default_transaction_read_only. */
  readonly readOnly: boolean;
}

/** How every transaction that writes begins. */
export const BEGIN = 'begin isolation level read committed not deferrable';

/** How every transaction that reads one snapshot begins. */
export const BEGIN_SNAPSHOT = 'begin isolation level repeatable read read only not deferrable';

/** Pins the settings of a session that has just been connected. */
export async function pinSession(client: pg.ClientBase, deadlines: SessionDeadlines): Promise<Session> {
  // By itself: a deadline of the role that is shorter than the next statement would end it.
  const first = client.query(`set statement_timeout = ${deadlines.statement}`);
  const [, { rows }] = await Promise.all([
    first,
    client.query<Session>(pinStatement(deadlines, numberOf(client) ?? 0)),
  ]);
  return { standby: rows[0]?.standby === true, readOnly: rows[0]?.readOnly === true };
}

function pinStatement({ idleInTransaction, lock }: SessionDeadlines, process: number): string {
  const all = {
    ...PINNED,
    idle_in_transaction_session_timeout: String(idleInTransaction),
  };
  const settings = Object.entries(all).map(([name, value]) => `set_config('${name}', '${value}', false)`);
  // A pooler in transaction mode gives the session to migrations, too, which wait for longer. It makes up the number of the process.
  const lockTimeout = `case when pg_backend_pid() = ${process} then set_config('lock_timeout', '${lock}', false) end`;
  return `select pg_is_in_recovery() as standby, current_setting('transaction_read_only') = 'on' as "readOnly", ${[...settings, lockTimeout, ...WITH_CONDITIONS].join(', ')}`;
}

/**
 * - search_path: the schema that has our tables, or the one where they will be made, and nothing else, so that no table or function of
 *   the same name is taken for ours. An empty path means `public`.
 * - synchronous_commit: all but `off` keep what was acknowledged.
 * - session_replication_role: with another one the triggers that note changes do not fire. Only a superuser may set it, so it is left
 *   alone where it is right.
 * - transaction_timeout: exists from PostgreSQL 17 on.
 */
const WITH_CONDITIONS = [
  `set_config('search_path', coalesce(
    (select quote_ident(n.nspname) from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
     where c.oid = to_regclass('topology_epoch')),
    (select quote_ident(name) from unnest(current_schemas(false)) with ordinality as path (name, place)
     where name !~ '^pg_' and name <> 'information_schema' order by place limit 1),
    'public'), false)`,
  `case when current_setting('synchronous_commit') = 'off' then set_config('synchronous_commit', 'on', false) end`,
  `case when current_setting('session_replication_role') <> 'origin'
    then set_config('session_replication_role', 'origin', false) end`,
  `case when current_setting('transaction_timeout', true) <> '0' then set_config('transaction_timeout', '0', false) end`,
];
