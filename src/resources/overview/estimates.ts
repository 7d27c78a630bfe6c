import type { Pool } from '../../db/pool.js';
import { runStatement } from '../../db/transaction.js';
import { readHistoryGauges } from '../../history/gauges.js';

/** Estimates about the whole cloud that only the database has. */
export interface Estimates {
  /** The approximate number of consumers, from the statistics of PostgreSQL. */
  readonly consumers: number;
  readonly history: {
    readonly recording: boolean;
    /** The size of its tables and indexes. */
    readonly bytes: number;
    /** The history has all changes since this time; null when it has none. */
    readonly oldest: Date | null;
  };
}

/**
 * PostgreSQL counts live rows when rows are inserted and deleted. When its statistics are lost, it counts from zero. Until the next VACUUM
 * or ANALYZE, the result of the last one, minus the rows deleted since, is the better estimate.
 */
const ESTIMATE = `
  select case
      when coalesce(s.last_vacuum, s.last_autovacuum, s.last_analyze, s.last_autoanalyze) is not null then s.n_live_tup
      else greatest(s.n_live_tup, c.reltuples - s.n_tup_del, 0)
    end::float8 as consumers
  from pg_class c left join pg_stat_user_tables s on s.relid = c.oid
  where c.oid = 'consumers'::regclass`;

const KEPT_MS = 60_000;

/** Returns a function that reads the estimates. It queries the database at most once a minute. @throws 503 */
export function createEstimates(pool: Pool, now: () => number = () => performance.now()): () => Promise<Estimates> {
  let known: { readonly estimates: Estimates; readonly at: number } | null = null;
  let asking: Promise<Estimates> | null = null;

  async function ask(): Promise<Estimates> {
    const [{ rows }, history] = await Promise.all([
      runStatement<{ consumers: number }>(pool, { name: 'estimate_consumers', text: ESTIMATE }, 'read'),
      readHistoryGauges(pool),
    ]);
    const { enabled: recording, bytes, oldestSeconds } = history;
    const oldest = oldestSeconds === null ? null : new Date(Date.now() - oldestSeconds * 1000);
    const estimates = { consumers: Math.round(rows[0]?.consumers ?? 0), history: { recording, bytes, oldest } };
    known = { estimates, at: now() };
    return estimates;
  }

  return () => {
    if (known !== null && now() - known.at < KEPT_MS) return Promise.resolve(known.estimates);
    asking ??= ask().finally(() => (asking = null));
    return asking;
  };
}
