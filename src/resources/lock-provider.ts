import type pg from 'pg';
import type { Pool } from '../db/pool.js';
import { providerRow } from '../db/scheduler/rows.js';
import { writeTransaction } from '../db/scheduler/write.js';
import type { Author } from '../history/author.js';
import { settingAuthor } from '../history/set-author.js';

/**
 * Runs a statement that removes rows of a provider without comparing a generation. A separate statement locks the provider first. The
 * snapshot of the next statement is taken after the wait, so it sees the rows that another writer has just written. A single statement
 * would not remove those rows.
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
