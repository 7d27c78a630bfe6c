import assert from 'node:assert/strict';
import { setTimeout } from 'node:timers/promises';
import type pg from 'pg';
import { sql } from './database.js';

/**
 * Starts a request that has to wait for a transaction of a rival, waits until it does, lets the rival end, and returns the
 * response.
 */
export async function whileHeld<T>(
  databaseUrl: string,
  rival: pg.Client,
  request: PromiseLike<T>,
  end: 'commit' | 'rollback' = 'commit',
): Promise<T> {
  let done = false;
  const pending = Promise.resolve(request).then((response) => {
    done = true;
    return response;
  });
  for (;;) {
    await setTimeout(5);
    if (await someoneWaits(databaseUrl)) break;
    assert.equal(done, false, 'the request should wait for the rival');
  }
  await rival.query(end);
  return pending;
}

/** Whether a session of this database waits for a lock: its server has those of other tests, too. */
export async function someoneWaits(databaseUrl: string): Promise<boolean> {
  const waiting = `select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`;
  return (await sql(databaseUrl, waiting)).length > 0;
}
