import type pg from 'pg';
import type { Pool } from '../db/pool.js';
import { providerRow } from '../db/scheduler/rows.js';
import { writeTransaction } from '../db/scheduler/write.js';
import type { Author } from '../history/author.js';
import { settingAuthor } from '../history/set-author.js';

/**
 * Runs a statement that removes whatever a provider has, with no generation to say what that is. The provider is locked in
 * a statement of its own: the next one has a snapshot from after the wait, and so sees what a rival has just written. In one
 * statement it would leave the rival's rows where they are.
 */
export function withProviderLocked<Row extends pg.QueryResultRow>(
  pool: Pool,
  author: Author | null,
  uuid: string,
  statement: pg.QueryConfig,
): Promise<pg.QueryResult<Row>> {
  const rows = { changes: [providerRow(uuid)], note: settingAuthor(author) };
  return writeTransaction(pool, rows, async (transaction) => {
    const text = 'select from resource_providers where uuid = $1 for no key update';
    await transaction.query({ name: 'lock_provider', text, values: [uuid] });
    return transaction.commitWith<Row>(statement);
  });
}
