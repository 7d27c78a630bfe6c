/**
 * The identity of a history has the table of the marks: pg_restore --clean puts a dump into the database that it was made of, where all else
 * is the same. Cursors from after the dump would point at other batches as soon as there are as many marks again (docs/adr/0025).
 *
 * @param {import('knex').Knex} knex
 */
export async function up(knex) {
  const [{ present }] = (
    await knex.raw('select max(id) as present from history_epochs where identity = history_identity()')
  ).rows;
  await knex.raw(`
    create or replace function history_identity() returns text language sql stable as $$
      select case when pg_is_in_recovery() then null else concat_ws('/',
        (select system_identifier from pg_control_system())::text,
        substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8),
        (select oid from pg_database where datname = current_database())::text,
        (select uuid from topology_epoch)::text,
        'history_marks'::regclass::oid::text) end
    $$`);
  // The present history goes on: its cursors stay good.
  await knex.raw('update history_epochs set identity = history_identity() where id = ?', [present]);
}
