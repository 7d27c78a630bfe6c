/**
 * That a table was emptied is a change of every provider and consumer, so whoever asks for the changes of one asks for these as well. They are
 * hardly any, and without an index of their own they are found by reading all changes (docs/contract/history-and-audit.md#the-stream).
 *
 * @param {import('knex').Knex} knex
 */
export async function up(knex) {
  await knex.raw('create index history_changes_everything_idx on history_changes (xid, seq) where kind = 0');
}
