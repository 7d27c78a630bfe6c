/**
 * TRUNCATE is a change of every provider and consumer, so the changes of one provider include the changes of that kind. They are few. Without this
 * index PostgreSQL reads all changes to find them (docs/contract/history-and-audit.md#the-stream).
 *
 * @param {import('knex').Knex} knex
 */
export async function up(knex) {
  await knex.raw('create index history_changes_everything_idx on history_changes (xid, seq) where kind = 0');
}
