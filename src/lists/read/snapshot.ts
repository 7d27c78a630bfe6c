import type pg from 'pg';
import type { ListRow } from './columns.js';
import type { ListStatement } from './fragments.js';

/** A batch is so small that the thread can pause often (spool/pace.ts). */
const BATCH_ROWS = 1_000;

/** A snapshot of the database, for as long as its transaction is open. */
export interface InventorySnapshot {
  readonly takenAt: Date;
  /** The number of rows that `batches` yields. */
  readonly expected: number;
  /** Rows in order. */
  batches(): AsyncGenerator<readonly ListRow[]>;
  close(): Promise<void>;
}

/** Values stay texts, because their conversion depends on the format of the list. */
const asText = { getTypeParser: () => (value: string) => value };

/**
 * Opens a snapshot. All its statements see the claims that were committed before, and no later ones.
 *
 * @param timeout the longest time of a statement, in milliseconds
 * @param onBackend is called with the process id of the PostgreSQL backend, before any statement may have to wait
 */
export async function openSnapshot(
  client: pg.Client,
  statement: ListStatement,
  timeout: number,
  onBackend: (pid: number) => void,
): Promise<InventorySnapshot> {
  const { rows, count, values } = statement;
  await client.query('begin isolation level repeatable read read only');
  // The first statement takes the snapshot.
  const begun = await client.query<{ now: Date; backend: number }>(
    `select statement_timestamp() as now, pg_backend_pid() as backend,
       set_config('statement_timeout', $1, true), set_config('idle_in_transaction_session_timeout', $1, true)`,
    [String(timeout)],
  );
  onBackend(one(begun).backend);
  const counted = await client.query<{ count: string }>(count, [...values]);
  await client.query(`declare list no scroll cursor for ${rows}`, [...values]);
  const fetch = { text: `fetch forward ${BATCH_ROWS} from list`, rowMode: 'array' as const, types: asText };
  return {
    takenAt: one(begun).now,
    expected: Number(one(counted).count),
    async *batches() {
      for (let next = client.query<(string | null)[]>(fetch); ;) {
        const { rows: batch } = await next;
        if (batch.length === 0) return;
        // PostgreSQL sorts and sends the next batch while the caller packs this one.
        next = client.query<(string | null)[]>(fetch);
        next.catch(() => undefined);
        yield batch;
      }
    },
    async close() {
      await client.query('commit');
    },
  };
}

function one<T extends pg.QueryResultRow>({ rows: [row] }: pg.QueryResult<T>): T {
  if (row === undefined) throw new Error('a statement that always has a row had none');
  return row;
}
