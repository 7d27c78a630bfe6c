import type pg from 'pg';
import { databaseTooSlow } from '../../errors.js';
import { isLockTimeout } from '../failures.js';
import type { Pool } from '../pool.js';
import type { Plans } from '../session.js';
import { runBriefStatement, runStatement, withBriefTransaction, type Transaction } from '../transaction.js';
import { nothingLeft, type NotMade, type Wait, type Write } from './model.js';
import { lockedRowsStatement, lockingStatements, UNKNOWN, type Row } from './rows.js';
import { BRIEFLY_MS } from './locked-rows.js';

/** The rows that a write changes and refers to. */
export interface Rows {
  /** Rows of which one write at a time may change each. */
  readonly changes: readonly Row[];
  readonly refersTo?: readonly Row[];
  readonly note?: AuthorSetting | null;
  /** Of the statements of a transaction; `auto` unless given. */
  readonly plans?: Plans;
}

/** Sets the author of a transaction's changes (src/history/set-author.ts). */
export interface AuthorSetting {
  /** A statement that is sent before the statements that write. */
  readonly before: pg.QueryConfig;
  /** The same, as a part of a statement that is a transaction of its own. */
  readonly within: (query: pg.QueryConfig) => pg.QueryConfig;
}

/**
 * Runs a statement that writes, as a transaction of its own, when the scheduler (scheduler.ts) lets it. It waits for a row
 * that another session has locked up to the statement timeout, apart from the writes of other rows.
 *
 * @throws ApiError 503 when the rows stay locked or the database cannot be used; anything the statement fails with
 */
export function writeStatement<R extends pg.QueryResultRow>(
  pool: Pool,
  rows: Rows,
  query: pg.QueryConfig,
): Promise<pg.QueryResult<R>> {
  const noted = rows.note?.within(query) ?? query;
  return inTurn(pool, rows, (wait) =>
    wait === null
      ? runBriefStatement<R>(pool, noted, 'write')
      : withBriefTransaction(
          pool,
          waitingFirst(wait, (transaction) => transaction.commitWith<R>(noted)),
        ),
  );
}

/** The same for a short transaction that ends with `commitWith`; it may run more than once. */
export function writeTransaction<T>(
  pool: Pool,
  rows: Rows,
  work: (transaction: Transaction) => Promise<T>,
): Promise<T> {
  const { note = null, plans } = rows;
  const noted = async (transaction: Transaction): Promise<T> => {
    const before = note === null ? null : transaction.query(note.before);
    // When it fails, so does everything else in the transaction.
    before?.catch(() => undefined);
    return work(transaction);
  };
  return inTurn(pool, rows, (wait) => withBriefTransaction(pool, waitingFirst(wait, noted), plans));
}

/** The work of a transaction after its wait for rows. The statements of both are sent at once. */
export function waitingFirst<T>(
  wait: Wait | null,
  work: (transaction: Transaction) => Promise<T>,
): (transaction: Transaction) => Promise<T> {
  if (wait === null) return work;
  return async (transaction) => {
    const locked = lockFirst(transaction, wait);
    // When the lock fails, the statements of the work fail as well.
    const done = work(transaction);
    done.catch(() => undefined);
    await locked;
    return done;
  };
}

/** A row was still locked after the longest wait. */
class RowLocked extends Error {
  readonly row: Row;

  constructor(row: Row, cause: unknown) {
    super(`${row} is locked by another session`, { cause });
    this.row = row;
  }
}

/** Locks rows before the transaction holds anything else. @throws RowLocked */
async function lockFirst(transaction: Transaction, { rows, patience }: Wait): Promise<void> {
  const send = async (texts: readonly { text: string; values?: string[] }[], row: Row): Promise<void> => {
    try {
      await Promise.all(texts.map((query) => transaction.query(query)));
    } catch (error) {
      throw isLockTimeout(error) ? new RowLocked(row, error) : error;
    }
  };
  const [first, ...others] = rows;
  if (first === undefined) return;
  const long = patience > BRIEFLY_MS;
  await Promise.all([
    send(
      [
        ...(long ? [{ text: `set local lock_timeout = ${Math.ceil(patience)}` }] : []),
        ...lockingStatements(first),
        ...(long ? [{ text: `set local lock_timeout = ${BRIEFLY_MS}` }] : []),
      ],
      first,
    ),
    ...others.map((row) => send(lockingStatements(row), row)),
  ]);
}

/**
 * The locked rows behind an attempt that failed with a lock timeout; none when no query can see them or they are free again.
 * It rethrows every other error.
 */
export async function culpritsOf(pool: Pool, error: unknown, rows: Iterable<Row>): Promise<readonly Row[]> {
  if (error instanceof RowLocked) return [error.row];
  if (!isLockTimeout(error)) throw error;
  const found = await runStatement<{ row: Row }>(pool, lockedRowsStatement(rows), 'read');
  return found.rows.map(({ row }) => row);
}

function inTurn<T>(pool: Pool, rows: Rows, attempt: (wait: Wait | null) => Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const changes = new Set(rows.changes);
    const refersTo = new Set(rows.refersTo);
    const write: Write = {
      changes,
      alone: changes,
      refersTo,
      runner: { largest: 1, limit: Infinity, run },
      deadline: pool.writeDeadline(),
      expired() {
        reject(databaseTooSlow(new Error(`waited for ${[...changes].join(', ')}`)));
      },
    };

    async function run(_: readonly Write[], wait: Wait | null): Promise<ReadonlyMap<Write, NotMade>> {
      try {
        resolve(await attempt(wait));
        return nothingLeft;
      } catch (error) {
        // Any other failure goes to the caller.
        const locked = await culpritsOf(pool, error, [...changes, ...refersTo]).catch(reject);
        return locked === undefined ? nothingLeft : new Map([[write, { row: locked[0] ?? UNKNOWN }]]);
      }
    }

    pool.scheduler.submit(write);
  });
}
