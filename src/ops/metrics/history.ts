import type { Registry } from 'prom-client';
import type { HistoryGauges } from '../../history/gauges.js';
import { addNumbers, addSeries, type Definition } from './series.js';

/** The source of the metrics of the history. */
export interface HistorySource {
  /** Returns the gauges that were read last; null before the first read. */
  readonly gauges: () => HistoryGauges | null;
  readonly waiting: () => number;
}

/** Shows the history. It is in the database, so every process has the same numbers, except for the number of waiting requests. */
export function showHistory(registry: Registry, { gauges, waiting }: HistorySource): void {
  const add = (definition: Definition, read: (gauges: HistoryGauges) => number | null): void => {
    addSeries(registry, { ...definition, aggregator: 'max' }, () => {
      const found = gauges();
      const value = found?.enabled === true ? read(found) : null;
      return value === null ? [] : [{ value, labels: {} }];
    });
  };
  addNumbers(
    registry,
    {
      name: 'stockroom_history_changes_total',
      help: 'Changes that the history keeps, by kind; estimated from the statistics of the database.',
      type: 'counter',
      aggregator: 'max',
    },
    'kind',
    () => gauges()?.changes ?? {},
  );
  add(
    { name: 'stockroom_history_bytes', help: 'Size of the history in the database, with indexes.', type: 'gauge' },
    (found) => found.bytes,
  );
  add(
    {
      name: 'stockroom_history_oldest_seconds',
      help: 'Age of the oldest place that the stream of changes can be read from.',
      type: 'gauge',
    },
    ({ oldestSeconds }) => oldestSeconds,
  );
  add(
    {
      name: 'stockroom_history_batch_lag_transactions',
      help: 'Transactions since the oldest one that is still open: readers of changes look through all of them.',
      type: 'gauge',
    },
    ({ lagTransactions }) => lagTransactions,
  );
  addNumbers(
    registry,
    { name: 'stockroom_changes_readers', help: 'Requests for changes that wait.', type: 'gauge' },
    'state',
    () => ({ waiting: waiting() }),
  );
}
