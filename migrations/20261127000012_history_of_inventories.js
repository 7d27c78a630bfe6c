/**
 * Lists of all versions read the changes of inventories, which are few among those of allocations: without an index they read the whole
 * history (docs/contract/inventory-lists.md#versions).
 *
 * @param {import('knex').Knex} knex
 */
export async function up(knex) {
  await knex.raw(`
    create index history_changes_inventories_idx on history_changes (provider_id, name, seq) where kind = 3`);
}
