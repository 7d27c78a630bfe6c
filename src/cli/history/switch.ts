import type { Config } from '../../config.js';
import { openPool } from '../../db/database.js';
import type { Pool } from '../../db/pool.js';
import { withTransaction } from '../../db/transaction.js';
import { readHistoryGauges } from '../../history/gauges.js';
import { enforceRetention } from '../../history/retention.js';
import { createLog } from '../../ops/log.js';
import { sizeText } from '../../size-text.js';
import { complain, say, type Command } from '../command.js';
import { withDatabase } from '../database.js';

const EXIT_CODES = 'Exit code: 0 done; 1 it was so before; 3 the database could not be asked.';

/** `stockroom history enable` */
export const enable: Command = {
  help:
    'Waits for the writers under way, and writers wait for it, for a moment. Services notice it within ten seconds; until then changes are recorded ' +
    `without their requests. ${EXIT_CODES}`,
  failure: 3,
  run: ({ config }) =>
    withPool(config, async (pool) => {
      const isChanged = await turn(pool, 'select history_enable() as done');
      await enforceRetention(pool, config.historyRetentionDays);
      return told(isChanged, 'Changes are recorded from now on.', 'Changes are recorded already.');
    }),
};

/** `stockroom history disable` */
export const disable: Command = {
  help: `Readers of the stream get 404 from now on. ${EXIT_CODES}`,
  failure: 3,
  run: ({ config }) =>
    withPool(config, async (pool) => {
      const isChanged = await turn(pool, 'select history_disable() as done');
      return told(
        isChanged,
        'Changes are not recorded any more. Those that were recorded stay.',
        'Changes were not recorded.',
      );
    }),
};

/** `stockroom history status` */
export const status: Command = {
  help: 'Exit code: 0 changes are recorded; 1 they are not; 3 the database could not be asked.',
  failure: 3,
  run: ({ config }, { switches }) =>
    withPool(config, async (pool) => {
      const gauges = await readHistoryGauges(pool);
      const { enabled, beganAt, oldestSeconds, bytes, changes } = gauges;
      if (switches.has('json')) say(JSON.stringify(gauges, null, 2));
      else {
        say(enabled ? 'Changes are recorded.' : 'Changes are not recorded; stockroom history enable switches it on.');
        if (beganAt !== null) say(`The present history began at ${timeText(beganAt)}.`);
        if (oldestSeconds !== null)
          say(`The stream can be read from ${timeText(Date.now() / 1000 - oldestSeconds)} on.`);
        say(`Its tables have ${sizeText(bytes)}.`);
        for (const [kind, rows] of Object.entries(changes))
          say(`  ${kind.padEnd(15)} about ${rows.toLocaleString('en')} changes`);
      }
      return enabled ? 0 : 1;
    }),
};

function withPool<T>(config: Config, work: (pool: Pool) => Promise<T>): Promise<T> {
  return withDatabase(config, async (connection) => {
    const pool = openPool(config, connection, createLog('silent'));
    try {
      return await work(pool);
    } finally {
      await pool.close();
    }
  });
}

async function turn(pool: Pool, text: string): Promise<boolean> {
  const { rows } = await withTransaction(pool, (transaction) => transaction.commitWith<{ done: boolean }>({ text }));
  return rows[0]?.done === true;
}

function told(isChanged: boolean, done: string, already: string): number {
  if (isChanged) say(done);
  else complain(already);
  return isChanged ? 0 : 1;
}

function timeText(seconds: number): string {
  return new Date(seconds * 1000).toISOString().slice(0, 19).replace('T', ' ');
}
