import type { Registry } from 'prom-client';
import type { Pool } from '../../db/pool.js';
import { addNumber, addNumbers, addSeries } from './series.js';

/** Shows the pool of connections that requests share, and its failed transactions. */
export function showPool(registry: Registry, pool: Pool): void {
  addNumbers(
    registry,
    { name: 'stockroom_pool_connections', help: 'Connections to the database, busy or idle.', type: 'gauge' },
    'state',
    () => ({ busy: pool.totalCount - pool.idleCount, idle: pool.idleCount }),
  );
  addSeries(
    registry,
    {
      name: 'stockroom_pool_connections_max',
      help: 'Connections that there may be; absent when nothing bounds them.',
      type: 'gauge',
    },
    () => (Number.isFinite(pool.options.max) ? [{ value: pool.options.max, labels: {} }] : []),
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
    () => ({ ...pool.counts.retried }),
  );
  addNumber(
    registry,
    {
      name: 'stockroom_transactions_outcome_unknown_total',
      help: 'Transactions whose connection broke during COMMIT; the client was told.',
      type: 'counter',
    },
    () => pool.counts.outcomeUnknown,
  );
}
