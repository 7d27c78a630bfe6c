import { isLockTimeout } from '../db/failures.js';
import type { Pool } from '../db/pool.js';
import { runBriefStatement, withBriefTransaction, type Transaction } from '../db/transaction.js';

/** Days for which partitions are made in advance, so that a service which was stopped for a week finds one. */
const DAYS_AHEAD = 7;

/** Rows that one statement deletes. */
const BATCH = 10_000;

/** The advisory lock that one process at a time holds. It belongs to a transaction, so that it works behind a pooler. */
const RETENTION_LOCK = 7_786_228;

/**
 * Makes the partitions of the next days, and drops changes that are older than `retentionDays`; 0 keeps all. Writers wait while a step
 * waits for its lock, so a step waits no longer than the lock timeout of the pool. A step that does not get its lock runs the next time.
 *
 * @param now the present time, for tests
 */
export async function enforceRetention(pool: Pool, retentionDays: number, now = new Date()): Promise<void> {
  const today = new Date(Math.floor(now.getTime() / DAY_MS) * DAY_MS);
  const make = { text: 'select history_make_partitions($1::date, $2)', values: [dateText(today), DAYS_AHEAD + 1] };
  await step(pool, (transaction) => transaction.commitWith(make));
  if (retentionDays === 0) return;
  const cutoff = new Date(today.getTime() - retentionDays * DAY_MS);
  const forget = { text: 'select history_forget_marks($1)', values: [cutoff] };
  if ((await step(pool, (transaction) => transaction.commitWith(forget))) === null) return;
  const drop = { text: 'select history_drop_partition($1) as dropped', values: [cutoff] };
  for (let dropped: unknown = ''; dropped !== null;) {
    const result = await step(pool, (transaction) => transaction.commitWith<{ dropped: string | null }>(drop));
    dropped = result?.rows[0]?.dropped ?? null;
  }
  for (const table of ['history_changes_default', 'history_requests_default', 'history_gone'])
    await deleteBefore(pool, table, cutoff);
}

/** Whether today or tomorrow lacks a partition. False on a standby, which rejects writes. */
const PARTITIONS_MISSING = `
  select not pg_is_in_recovery() and (to_regclass('history_changes_' || $1) is null or to_regclass('history_changes_' || $2) is null)
    as missing`;

/**
 * Enforces the retention at once when today or tomorrow has no partition. That is so in a new database, and in one that no process has
 * used for a week. Without a partition, the rows of the day would go to the default partition, and PostgreSQL could not make a partition
 * for a day that has rows there.
 */
export async function prepareHistory(pool: Pool, retentionDays: number, now = new Date()): Promise<void> {
  const days = [now, new Date(now.getTime() + DAY_MS)].map((day) => dateText(day).replaceAll('-', ''));
  const { rows } = await runBriefStatement<{ missing: boolean }>(
    pool,
    { text: PARTITIONS_MISSING, values: days },
    'read',
  );
  if (rows[0]?.missing === true) await enforceRetention(pool, retentionDays, now);
}

const DAY_MS = 86_400_000;

function dateText(date: Date): string {
  return date.toISOString().slice(0, 10);
}

/** Returns null when another process enforces the retention, or when a lock timed out. */
async function step<T>(pool: Pool, work: (transaction: Transaction) => Promise<T>): Promise<T | null> {
  try {
    return await withBriefTransaction(pool, async (transaction) => {
      const lock = { text: `select pg_try_advisory_xact_lock(${RETENTION_LOCK}) as held` };
      const { rows } = await transaction.query<{ held: boolean }>(lock);
      return rows[0]?.held === true ? await work(transaction) : null;
    });
  } catch (error) {
    if (isLockTimeout(error)) return null;
    throw error;
  }
}

async function deleteBefore(pool: Pool, table: string, cutoff: Date): Promise<void> {
  const text = `delete from ${table} where ctid = any(array(select ctid from ${table} where at < $1 limit ${BATCH}))`;
  for (let deleted = BATCH; deleted === BATCH;)
    deleted = (await runBriefStatement(pool, { text, values: [cutoff] }, 'write')).rowCount ?? 0;
}
