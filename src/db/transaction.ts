import { setTimeout } from 'node:timers/promises';
import type pg from 'pg';
import {
  databaseOutOfResources,
  databaseReadOnly,
  databaseTooSlow,
  databaseUnavailable,
  outcomeUnknown,
} from '../errors.js';
import {
  isConnectionLost,
  isLockTimeout,
  isOutOfResources,
  isReadOnly,
  isSessionEnded,
  isUnavailable,
  mayRunAgain,
  withAdvice,
} from './failures.js';
import { destroyClient } from './close-client.js';
import type { Availability } from './availability.js';
import type { Pool } from './pool.js';
import { BEGIN_WITH, type Plans } from './session.js';

const ATTEMPTS = 5;

/**
 * Runs a short transaction that waits for locked rows as long as the statement timeout lets it, with a connection. Requests
 * write through scheduler/write.ts, whose waits block no other write.
 *
 * @throws ApiError 503 when the database cannot be used; anything `work` throws, after a rollback
 */
export async function withTransaction<T>(pool: Pool, work: (transaction: Transaction) => Promise<T>): Promise<T> {
  try {
    return await withBriefTransaction(pool, work);
  } catch (error) {
    if (!isLockTimeout(error)) throw error;
    return withBriefTransaction(pool, async (transaction) => {
      await transaction.query({ text: 'set local lock_timeout = 0' });
      return work(transaction);
    });
  }
}

/**
 * Runs a short transaction and returns its result. It runs again, a few times with jitter, after a deadlock or a
 * serialization failure, and once when the connection broke before COMMIT was sent. When the connection breaks during
 * COMMIT, the error says so and the transaction does not run again: the change may have been made.
 *
 * BEGIN is sent together with the first statement, and COMMIT may be sent together with the last one ({@link
 * Transaction.commitWith}), so a transaction of two statements takes two round trips.
 *
 * A statement waits for a locked row no longer than the pool's lock timeout.
 *
 * @throws ApiError 503 when the database cannot be used; an error that {@link isLockTimeout} knows; anything `work` throws.
 *   All of them after a rollback.
 */
export async function withBriefTransaction<T>(
  pool: Pool,
  work: (transaction: Transaction) => Promise<T>,
  plans: Plans = 'auto',
): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      const result = await runOnce(pool, work, plans);
      pool.availability.wrote();
      return result;
    } catch (error) {
      const again = mayRunAgain(error) || (error instanceof ConnectionLost && attempt === 1);
      if (!again || attempt === ATTEMPTS) {
        throw error instanceof ConnectionLost
          ? databaseUnavailable(1, error.cause)
          : responseTo(error, pool.availability);
      }
      pool.counts.retried[error instanceof ConnectionLost ? 'connection' : 'conflict']++;
      await setTimeout(Math.random() * 10 * attempt);
    }
  }
}

export interface Transaction {
  query<Row extends pg.QueryResultRow>(query: pg.QueryConfig): Promise<pg.QueryResult<Row>>;
  /** The last statement of the transaction, sent together with COMMIT. If it fails nothing is committed. */
  commitWith<Row extends pg.QueryResultRow>(query: pg.QueryConfig): Promise<pg.QueryResult<Row>>;
}

/** The connection broke before COMMIT was sent. */
class ConnectionLost extends Error {}

async function runOnce<T>(pool: Pool, work: (transaction: Transaction) => Promise<T>, plans: Plans): Promise<T> {
  const client = await pool.borrow();
  // A connection can also break while no statement is under way; the next statement reports it.
  const onError = (): undefined => undefined;
  client.on('error', onError);
  let commitSent = false;
  let committed = false as boolean; // the callbacks below set it
  let broken = false;
  try {
    const begun = client.query(BEGIN_WITH[plans]);
    begun.catch(() => undefined);
    const result = await work({
      query: async (query) => {
        const [, output] = await Promise.all([begun, client.query(query)]);
        return output;
      },
      commitWith: async (query) => {
        const last = client.query(query);
        commitSent = true;
        // In a failed transaction COMMIT means ROLLBACK, so it may be sent before the result is known.
        const done = client.query('commit');
        done.catch(() => undefined);
        const output = await last.catch((error: unknown) => {
          // When the server reports its own end instead of a result, it did not reach COMMIT.
          if (isSessionEnded(error)) commitSent = false;
          throw error;
        });
        await done;
        committed = true;
        return output;
      },
    });
    if (!committed) {
      await begun;
      commitSent = true;
      await client.query('commit');
    }
    return result;
  } catch (error) {
    if (isConnectionLost(error)) {
      broken = true;
      if (!commitSent) throw new ConnectionLost('', { cause: error });
      pool.counts.outcomeUnknown++;
      throw outcomeUnknown(error);
    }
    if (!committed) await client.query('rollback').catch(() => (broken = true));
    throw error;
  } finally {
    client.off('error', onError);
    giveBack(client, broken);
  }
}

/**
 * Runs one statement that is a transaction of its own. After a deadlock or serialization failure it runs again; a read also
 * when its connection was lost.
 *
 * @throws ApiError 503 when the database cannot be used, saying so when the outcome of a write is unknown
 */
export async function runStatement<Row extends pg.QueryResultRow>(
  pool: Pool,
  query: pg.QueryConfig,
  kind: 'read' | 'write',
): Promise<pg.QueryResult<Row>> {
  try {
    return await runBriefStatement(pool, query, kind);
  } catch (error) {
    if (!isLockTimeout(error)) throw error;
    return withTransaction(pool, (transaction) => transaction.commitWith<Row>(query));
  }
}

/** The same, but it waits for a locked row no longer than the pool's lock timeout. @throws what isLockTimeout() knows */
export async function runBriefStatement<Row extends pg.QueryResultRow>(
  pool: Pool,
  query: pg.QueryConfig,
  kind: 'read' | 'write',
): Promise<pg.QueryResult<Row>> {
  for (let attempt = 1; ; attempt++) {
    let sent = false;
    let broken = false;
    let client: pg.PoolClient | undefined;
    try {
      client = await pool.borrow();
      sent = true;
      const result = await client.query<Row>(query);
      if (kind === 'write') pool.availability.wrote();
      return result;
    } catch (error) {
      broken = isConnectionLost(error);
      const again = mayRunAgain(error) || (broken && attempt === 1 && (kind === 'read' || !sent));
      if (!again || attempt === ATTEMPTS) {
        if (broken && sent && kind === 'write') {
          pool.counts.outcomeUnknown++;
          throw outcomeUnknown(error);
        }
        throw responseTo(error, pool.availability);
      }
      pool.counts.retried[broken ? 'connection' : 'conflict']++;
    } finally {
      if (client !== undefined) giveBack(client, broken);
    }
    await setTimeout(Math.random() * 10 * attempt);
  }
}

/** Closes a broken connection at once: the pool would send a terminate message first, and keep the place until the server responds. */
function giveBack(client: pg.PoolClient, broken: boolean): void {
  if (broken) destroyClient(client);
  client.release(broken);
}

/** The error for the client after a failed statement. It reports a trouble of the database, and returns other errors unchanged. */
function responseTo(error: unknown, availability: Availability): unknown {
  if (!isUnavailable(error)) return withAdvice(error);
  if (isConnectionLost(error)) return databaseUnavailable(1, error);
  if (isReadOnly(error)) {
    availability.report('readOnly', error);
    return databaseReadOnly(error);
  }
  if (isOutOfResources(error)) {
    availability.report('resources', error);
    return databaseOutOfResources(error);
  }
  return databaseTooSlow(error);
}
