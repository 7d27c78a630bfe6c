import type pg from 'pg';
import type { Pool } from '../db/pool.js';
import { runStatement, withTransaction } from '../db/transaction.js';
import { historyDisabled } from '../errors.js';
import { cursorText } from './cursor.js';
import {
  BEGIN_HISTORY,
  LOCK_CHANGES,
  LOCK_MARKS,
  MAKE_MARK,
  MARK_BEFORE,
  MARK_OF_NOW,
  READ_STATE,
} from './marks.sql.js';

/** The present history, as of a moment: everything that was committed before is in a batch up to `newest`. */
export interface HistoryState {
  readonly history: number;
  /** There is no batch of this mark: what it sees is of former histories. */
  readonly firstMark: number;
  readonly sealedBelow: number;
  readonly newest: number;
  /** Batches after this mark are kept. */
  readonly oldest: number;
}

interface StateRow extends HistoryState {
  readonly enabled: boolean;
  readonly same: boolean | null;
  readonly news: boolean;
}

/** Null where history was never enabled. */
async function readState(pool: Pool): Promise<StateRow | null> {
  const query = { name: 'history_state', text: READ_STATE };
  return (await runStatement<StateRow>(pool, query, 'read')).rows[0] ?? null;
}

/**
 * The present history with every committed change in a batch.
 *
 * @throws 404 when no history is kept, 503 when the database cannot be used
 */
export async function currentState(pool: Pool): Promise<HistoryState> {
  for (;;) {
    const state = await readState(pool);
    if (state?.enabled !== true) throw historyDisabled();
    if (state.same === true) return state.news ? { ...state, newest: await makeMark(pool) } : state;
    await beginHistory(pool);
  }
}

/** Makes a mark if something committed is in no batch. Returns the newest. */
function makeMark(pool: Pool): Promise<number> {
  return withTransaction(pool, async (transaction) => {
    const [, { rows }] = await Promise.all([
      transaction.query({ name: 'lock_marks', text: LOCK_MARKS }),
      transaction.commitWith<{ id: number }>({ name: 'make_mark', text: MAKE_MARK }),
    ]);
    return rows[0]?.id ?? 0;
  });
}

/** What a reader of a snapshot is told of the history before it takes the snapshot. */
export interface HistoryBefore {
  readonly isRecorded: boolean;
  /**
   * A cursor: all changes behind it are of transactions that had not committed yet. Null when no history is kept, and when the
   * database is another one than that which was marked last.
   */
  readonly cursor: string | null;
}

/** @param client outside a transaction */
export async function historyBefore(client: pg.Client): Promise<HistoryBefore> {
  const { rows } = await client.query<StateRow>(READ_STATE);
  const [state] = rows;
  const isRecorded = state?.enabled === true;
  if (!isRecorded || state.same !== true) return { isRecorded, cursor: null };
  let { newest } = state;
  if (state.news) {
    await client.query('begin');
    await client.query(LOCK_MARKS);
    newest = (await client.query<{ id: number }>(MAKE_MARK)).rows[0]?.id ?? newest;
    await client.query('commit');
  }
  return { isRecorded, cursor: cursorText({ history: state.history, mark: newest + 1, seq: 0 }) };
}

/** How long writers may wait for one that does not end, while another history begins. */
const LOCK_TIMEOUT_MS = 1000;

/** The database is another one than that which was marked last: a restored one, or a server that took over. */
async function beginHistory(pool: Pool): Promise<void> {
  await withTransaction(pool, async (transaction) => {
    await Promise.all([
      transaction.query({ text: `set local lock_timeout = ${LOCK_TIMEOUT_MS}` }),
      transaction.query({ text: LOCK_MARKS }),
      transaction.query({ text: LOCK_CHANGES }),
      transaction.query({ text: MARK_OF_NOW }),
      transaction.commitWith({ text: BEGIN_HISTORY }),
    ]);
  });
}

/** The last mark at or before a time; null when none is kept. */
export async function markBefore(pool: Pool, time: Date): Promise<number | null> {
  const { rows } = await runStatement<{ id: number }>(pool, { text: MARK_BEFORE, values: [time] }, 'read');
  return rows[0]?.id ?? null;
}
