import assert from 'node:assert/strict';
import { setTimeout } from 'node:timers/promises';
import type pg from 'pg';
import { sql } from './database.js';

/**
 * Starts a request that has to wait for a transaction of a rival, waits until it does, lets the rival end, and answers the
 * answer.
 */
export async function whileHeld<T>(
  databaseUrl: string,
  rival: pg.Client,
  request: PromiseLike<T>,
  end: 'commit' | 'rollback' = 'commit',
): Promise<T> {
  let done = false;
  const pending = Promise.resolve(request).then((answer) => {
    done = true;
    return answer;
  });
  for (;;) {
    await setTimeout(5);
    const rows = await sql(databaseUrl, 'select from pg_locks where not granted');
    if (rows.length > 0) break;
    assert.equal(done, false, 'the request should wait for the rival');
  }
  await rival.query(end);
  return pending;
}
