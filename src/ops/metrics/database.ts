import type pg from 'pg';
import type { Registry } from 'prom-client';
import { countsOf } from '../../db/counts.js';
import { addNumber, addNumbers } from './series.js';

/** The pool of connections that requests share, and what went wrong with the transactions on it. */
export function showPool(registry: Registry, pool: pg.Pool): void {
  addNumbers(
    registry,
    { name: 'stockroom_pool_connections', help: 'Connections to the database, busy or idle.', type: 'gauge' },
    'state',
    () => ({ busy: pool.totalCount - pool.idleCount, idle: pool.idleCount }),
  );
  addNumber(
    registry,
    { name: 'stockroom_pool_connections_max', help: 'Connections that there may be.', type: 'gauge' },
    () => pool.options.max,
  );
  addNumber(
    registry,
    { name: 'stockroom_pool_waiting', help: 'Requests that wait for a connection.', type: 'gauge' },
    () => pool.waitingCount,
  );
  addNumbers(
    registry,
    {
      name: 'stockroom_transactions_retried_total',
      help: 'Transactions that ran again after a conflict (deadlock, serialization) or a broken connection.',
      type: 'counter',
    },
    'reason',
    () => ({ ...countsOf(pool).retried }),
  );
  addNumber(
    registry,
    {
      name: 'stockroom_transactions_outcome_unknown_total',
      help: 'Transactions whose connection broke during COMMIT; the client was told.',
      type: 'counter',
    },
    () => countsOf(pool).outcomeUnknown,
  );
}
