import type pg from 'pg';
import type { ListRow } from './columns.js';
import type { ListStatement } from './fragments.js';

/** Few enough that the thread can pause often (spool/pace.ts). */
const BATCH_ROWS = 1_000;

/** One moment of the database, as long as its transaction is open. */
export interface InventorySnapshot {
  readonly takenAt: Date;
  /** Rows that `batches` will have. */
  readonly expected: number;
  /** Rows in order. */
  batches(): AsyncGenerator<readonly ListRow[]>;
  close(): Promise<void>;
}

/** Values stay texts: what they become depends on the format. */
const asText = { getTypeParser: () => (value: string) => value };

/**
 * Opens a snapshot. Every statement of it sees the claims that were committed before, and none that came later.
 *
 * @param timeout the longest time of a statement, milliseconds
 * @param onBackend is told which process of the server reads, before it has to wait for anything
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
        // The server sorts and sends while this batch is packed.
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
