import type { Pool } from '../db/pool.js';
import { runStatement } from '../db/transaction.js';
import { CHANGE_KINDS, type ChangeKind } from './model.js';

/** The numbers of the metrics and of `stockroom history status`. */
export interface HistoryGauges {
  readonly enabled: boolean;
  /** Stored changes by kind, estimated from the statistics of the tables. */
  readonly changes: Readonly<Partial<Record<ChangeKind, number>>>;
  /** The size of all tables and indexes of the history. */
  readonly bytes: number;
  /** Age of the oldest position at which a stream can begin; null when there is none. */
  readonly oldestSeconds: number | null;
  /** The number of transactions that a new batch examines. There are more than a few when a transaction stays open for long. */
  readonly lagTransactions: number;
  /** When the present history began, in seconds since the epoch. */
  readonly beganAt: number | null;
}

const READ_GAUGES = `
  select
    (select ended_at is null from history_epochs order by id desc limit 1) as enabled,
    (select extract(epoch from began_at)::float8 from history_epochs order by id desc limit 1) as "beganAt",
    (select json_object_agg(kind, rows) from (
       select v.kind, round(sum(c.reltuples * v.frequency))::float8 as rows
       from pg_inherits i
       join pg_class c on c.oid = i.inhrelid
       join pg_stats s on s.schemaname = c.relnamespace::regnamespace::text and s.tablename = c.relname and s.attname = 'kind'
       cross join unnest(s.most_common_vals::text::smallint[], s.most_common_freqs) as v (kind, frequency)
       where i.inhparent = 'history_changes'::regclass and c.reltuples > 0
       group by 1) estimates) as changes,
    ((select sum(pg_total_relation_size(inhrelid)) from pg_inherits
      where inhparent in ('history_changes'::regclass, 'history_requests'::regclass))
     + pg_total_relation_size('history_gone') + pg_total_relation_size('history_marks'))::float8 as bytes,
    (select extract(epoch from clock_timestamp() - min(at))::float8 from history_marks) as "oldestSeconds",
    (pg_snapshot_xmax(pg_current_snapshot())::text::numeric - pg_snapshot_xmin(pg_current_snapshot())::text::numeric)::float8
      as "lagTransactions"`;

export async function readHistoryGauges(pool: Pool): Promise<HistoryGauges> {
  const query = { name: 'history_gauges', text: READ_GAUGES };
  const [row] = (await runStatement<GaugesRow>(pool, query, 'read')).rows;
  if (row === undefined) throw new Error('a statement without a table returned no row');
  const changes = Object.fromEntries(
    Object.entries(row.changes ?? {}).map(([kind, rows]) => [CHANGE_KINDS[Number(kind)] ?? 'everything', rows]),
  );
  return { ...row, enabled: row.enabled === true, changes };
}

interface GaugesRow extends Omit<HistoryGauges, 'enabled' | 'changes'> {
  readonly enabled: boolean | null;
  readonly changes: Readonly<Record<string, number>> | null;
}
