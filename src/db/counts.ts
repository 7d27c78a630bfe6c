import type pg from 'pg';

/** What did not go straight with the transactions of a pool since it was made. */
export interface TransactionCounts {
  /** Transactions that ran again: after a deadlock or serialization failure, or a connection that broke before COMMIT. */
  readonly retried: { conflict: number; connection: number };
  /** Transactions whose connection broke while they were being committed: they may or may not have been. */
  outcomeUnknown: number;
}

const counts = new WeakMap<pg.Pool, TransactionCounts>();

export function countsOf(pool: pg.Pool): TransactionCounts {
  let found = counts.get(pool);
  if (found === undefined) counts.set(pool, (found = { retried: { conflict: 0, connection: 0 }, outcomeUnknown: 0 }));
  return found;
}
