import type { Pool } from '../../db/pool.js';
import { runStatement } from '../../db/transaction.js';

/**
 * PostgreSQL counts live rows as they come and go. It begins at zero when its statistics are lost: until the next VACUUM or ANALYZE,
 * what the last one found is the better estimate, less what has been deleted since.
 */
const ESTIMATE = `
  select case
      when coalesce(s.last_vacuum, s.last_autovacuum, s.last_analyze, s.last_autoanalyze) is not null then s.n_live_tup
      else greatest(s.n_live_tup, c.reltuples - s.n_tup_del, 0)
    end::float8 as consumers
  from pg_class c left join pg_stat_user_tables s on s.relid = c.oid
  where c.oid = 'consumers'::regclass`;

const KEPT_MS = 60_000;

/** About how many consumers there are, by the statistics of the database, which is asked once a minute. @throws 503 */
export function createConsumerEstimate(pool: Pool, now: () => number = () => performance.now()): () => Promise<number> {
  let known: { readonly consumers: number; readonly at: number } | null = null;
  let asking: Promise<number> | null = null;

  async function ask(): Promise<number> {
    const { rows } = await runStatement<{ consumers: number }>(
      pool,
      { name: 'estimate_consumers', text: ESTIMATE },
      'read',
    );
    known = { consumers: Math.round(rows[0]?.consumers ?? 0), at: now() };
    return known.consumers;
  }

  return () => {
    if (known !== null && now() - known.at < KEPT_MS) return Promise.resolve(known.consumers);
    asking ??= ask().finally(() => (asking = null));
    return asking;
  };
}
