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

/** The state of the present history. Every change that was committed before is in a batch up to `newest`. */
export interface HistoryState {
  readonly history: number;
  /** The first mark of the history. It has no batch, because its snapshot sees only changes of former histories. */
  readonly firstMark: number;
  readonly sealedBelow: number;
  readonly newest: number;
  /** The history has the batches after this mark. */
  readonly oldest: number;
}

interface StateRow extends HistoryState {
  readonly enabled: boolean;
  readonly same: boolean | null;
  readonly news: boolean;
}

/** Null when the history was never enabled. */
async function readState(pool: Pool): Promise<StateRow | null> {
  const query = { name: 'history_state', text: READ_STATE };
  return (await runStatement<StateRow>(pool, query, 'read')).rows[0] ?? null;
}

/**
 * Returns the state of the present history, and makes a mark if a committed change is in no batch yet.
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

/** Makes a mark if a committed change is in no batch. Returns the newest mark. */
function makeMark(pool: Pool): Promise<number> {
  return withTransaction(pool, async (transaction) => {
    const [, { rows }] = await Promise.all([
      transaction.query({ name: 'lock_marks', text: LOCK_MARKS }),
      transaction.commitWith<{ id: number }>({ name: 'make_mark', text: MAKE_MARK }),
    ]);
    return rows[0]?.id ?? 0;
  });
}

/** The state of the history before a reader takes its snapshot. */
export interface HistoryBefore {
  readonly isRecorded: boolean;
  /**
   * A cursor. The transactions of all changes after it had not committed yet. Null when no history is kept, or when the last mark was
   * made in another database.
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

/** How long writers may wait for a long transaction when another history begins. */
const LOCK_TIMEOUT_MS = 1000;

/** Begins a history because the last mark was made in another database. That happens after a restore or a fail-over. */
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

/** The last mark at or before a time; null when no such mark is kept. */
export async function markBefore(pool: Pool, time: Date): Promise<number | null> {
  const { rows } = await runStatement<{ id: number }>(pool, { text: MARK_BEFORE, values: [time] }, 'read');
  return rows[0]?.id ?? null;
}
