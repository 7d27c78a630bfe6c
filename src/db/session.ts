import type pg from 'pg';
import { numberOf } from './watchdog.js';

/**
 * The settings that correctness or a response depends on. Each session sets them, so that values of the server, the
 * database, the role or `options` in the URL have no effect (docs/adr/0014-settings-that-are-pinned.md). They are set after
 * the connection is made, because startup parameters lose against `options`.
 */
const PINNED: Readonly<Record<string, string>> = {
  // For statements that are transactions of their own; other transactions set it with BEGIN.
  default_transaction_isolation: 'read committed',
  default_transaction_deferrable: 'off',
  TimeZone: 'UTC',
  DateStyle: 'ISO, MDY',
  IntervalStyle: 'postgres',
  bytea_output: 'hex',
  standard_conforming_strings: 'on',
  array_nulls: 'on',
  transform_null_equals: 'off',
  // The shortest exact form: with 0 or less, an allocation ratio would lose digits.
  extra_float_digits: '1',
  // Only the pool decides how long a connection lives.
  idle_session_timeout: '0',
  // The planner overestimates the cost of some statements of milliseconds. JIT would compile them for 300 ms at each
  // connection.
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
  /** Transactions are read-only by default: a standby, or default_transaction_read_only. */
  readonly readOnly: boolean;
}

/** How every transaction that writes begins. */
export const BEGIN = 'begin isolation level read committed not deferrable';

/**
 * How a transaction plans its statements. `auto`: PostgreSQL decides. It plans a statement with short arrays again each time, because its general
 * plan assumes ten elements and so seems more expensive; that took half of the time of a claim.
 *
 * `generic`: once a connection. For statements that find all their rows by an index, with few elements in their arrays. Their plan has to be
 * right when the tables have grown since it was made: PostgreSQL reads a table of one page as a whole, or its index from end to end. So it may use an
 * index only for a condition, which is what a bitmap scan does, whatever it knows of the size of a table.
 *
 * `custom`: each time, knowing how long the arrays are.
 */
export type Plans = 'auto' | 'generic' | 'custom';

/** How a transaction begins, one message to the server. */
export const BEGIN_WITH: Readonly<Record<Plans, string>> = {
  auto: BEGIN,
  generic: [
    BEGIN,
    'set local plan_cache_mode = force_generic_plan',
    ...['seqscan', 'indexscan', 'indexonlyscan'].map((path) => `set local enable_${path} = off`),
  ].join('; '),
  custom: `${BEGIN}; set local plan_cache_mode = force_custom_plan`,
};

/** How every transaction that reads one snapshot begins. */
export const BEGIN_SNAPSHOT = 'begin isolation level repeatable read read only not deferrable';

/** Sets the pinned settings of a new session. */
export async function pinSession(client: pg.ClientBase, deadlines: SessionDeadlines): Promise<Session> {
  // A statement of its own: a statement timeout of the role could otherwise end the next one.
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
  // A pooler in transaction mode also gives this session to migrations, which wait for longer. Such a pooler invents the
  // number of the process.
  const lockTimeout = `case when pg_backend_pid() = ${process} then set_config('lock_timeout', '${lock}', false) end`;
  return `select pg_is_in_recovery() as standby, current_setting('transaction_read_only') = 'on' as "readOnly", ${[...settings, lockTimeout, ...WITH_CONDITIONS].join(', ')}`;
}

/**
 * - search_path: only the schema that has our tables or will have them, so that no other table or function of the same name
 *   hides ours. An empty path means `public`.
 * - synchronous_commit: every value but `off` keeps acknowledged transactions.
 * - session_replication_role: with another value the triggers of the journal and the history do not fire. Only a superuser
 *   may set it, so a right value stays as it is.
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
