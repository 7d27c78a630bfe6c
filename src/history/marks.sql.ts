/** Statements about histories and marks (docs/adr/0025). */

/** Only one session at a time makes marks or begins a history. */
const MARKS_LOCK = 7_786_227;

/** This is a separate statement, so that the next statement takes its snapshot after the wait, and snapshots only grow. */
export const LOCK_MARKS = `select pg_advisory_xact_lock(${MARKS_LOCK})`;

/** Whether a committed change is in no batch. Because of the `order by`, the planner uses the index. */
const NEWS = `
  (select true from history_changes c
   where c.xid >= pg_snapshot_xmin(m.snapshot) and not pg_visible_in_snapshot(c.xid, m.snapshot) and c.seq > e.sealed_below
   order by c.xid desc limit 1) is not null`;

const PRESENT = `
  (select * from history_epochs order by id desc limit 1) e
  left join (select * from history_marks order by id desc limit 1) m on true`;

/** Reads the present history and its newest mark. `same` is false when the last mark was made in another database. */
export const READ_STATE = `
  select e.id as history, e.first_mark::float8 as "firstMark", e.sealed_below::float8 as "sealedBelow",
    e.ended_at is null as enabled, e.identity = history_identity() as same,
    m.id::float8 as newest, (select min(id) from history_marks)::float8 as oldest, ${NEWS} as news
  from ${PRESENT}`;

export const MAKE_MARK = `
  with made as (
    insert into history_marks (id, snapshot, seq, at)
    select m.id + 1, pg_current_snapshot(), (select last_value from history_seq), clock_timestamp()
    from ${PRESENT} where ${NEWS}
    returning id
  )
  select coalesce((select id from made), (select max(id) from history_marks))::float8 as id`;

/** Blocks writers, because an uncommitted change would belong to neither history. */
export const LOCK_CHANGES = 'lock table only history_changes in share row exclusive mode';

/** The condition that the present history was begun in another database. */
const IS_ANOTHER = 'history_identity() is distinct from (select identity from history_epochs order by id desc limit 1)';

/**
 * Runs before a history begins. Two restores of the same backup begin histories with the same number. So the first mark is
 * the time in milliseconds: it is above every mark of the other history, whose cursors are then rejected.
 */
export const MARK_OF_NOW = `
  insert into history_marks (id, snapshot, seq, at)
  select floor(extract(epoch from clock_timestamp()) * 1000)::bigint, pg_current_snapshot(), 0, clock_timestamp()
  where ${IS_ANOTHER}
  on conflict do nothing`;

export const BEGIN_HISTORY = `
  select history_begin() where ${IS_ANOTHER}`;

/** Reads the last mark at or before a time, $1. A transaction that began later is in a later batch. */
export const MARK_BEFORE = `
  select id::float8 as id from history_marks where at <= $1 order by id desc limit 1`;

/** Reads at most $2 marks, from $1 - 1 on, each with the last sequence number at its time. */
export const MARKS_FROM = `
  select id::float8 as id, seq::float8 as seq from history_marks where id >= $1::bigint - 1 order by id limit $2`;

/** Reads marks in the same way backwards, from $1. */
export const MARKS_TO = `
  select id::float8 as id, seq::float8 as seq from history_marks where id <= $1 order by id desc limit $2`;
