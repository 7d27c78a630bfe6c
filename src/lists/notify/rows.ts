import type { Pool } from '../../db/pool.js';
import { runStatement } from '../../db/transaction.js';
import { RUN_COLUMNS, type RunRow } from '../run/rows.js';

/** The rows of list_messages. A message is written in the transaction that ends its run (run/rows.ts). */

/** In seconds. For this time a message belongs to the process that has claimed it. Sending takes less time. */
const HOLD_S = 60;
/** The most messages that one statement claims. */
export const AT_ONCE = 20;

/** A message with its run. */
export interface MessageRow extends RunRow {
  readonly message: string;
  readonly hook: string;
  readonly event: string;
  readonly attempts: number;
}

/** Selects messages by their hooks: an SQL condition, and the names that are its parameter. */
export interface Which {
  readonly text: string;
  readonly names: readonly string[];
}

/** Claims messages that are due, for {@link HOLD_S} seconds. */
export async function claimMessages(pool: Pool, { text: which, names }: Which): Promise<readonly MessageRow[]> {
  const text = `
    with due as (
      select id from list_messages where not_before <= now() and ${which} order by not_before limit ${AT_ONCE} for update skip locked
    ), held as (
      update list_messages m set attempts = m.attempts + 1, not_before = now() + interval '${HOLD_S} seconds'
      from due where m.id = due.id returning m.id as message, m.hook, m.event, m.attempts as sent, m.run
    )
    select h.message, h.hook, h.event, h.sent as attempts, ${RUN_COLUMNS} from held h join list_runs r on r.id = h.run`;
  const { rows } = await runStatement<MessageRow>(pool, { text, values: [names] }, 'write');
  return rows;
}

export async function messageReceived(pool: Pool, id: string): Promise<void> {
  const text = 'update list_messages set sent_at = now(), not_before = null, last_error = null where id = $1';
  await runStatement(pool, { text, values: [id] }, 'write');
}

/** @param delay minutes until the message is sent again; null when it is given up */
export async function messageFailed(pool: Pool, id: string, problem: string, delay: number | null): Promise<void> {
  const text = 'update list_messages set not_before = now() + make_interval(mins => $2), last_error = $3 where id = $1';
  await runStatement(pool, { text, values: [id, delay, problem] }, 'write');
}
