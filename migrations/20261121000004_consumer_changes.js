/**
 * What is allocated from a provider shows the consumers' generations, and processes remember it for as long as the provider's
 * topology entry lives (docs/adr/0002). A transaction that changes allocations changes an inventory's `used`, which is noted already; this
 * notes who changes a consumer alone, on the providers that it has something of.
 *
 * @param {import('knex').Knex} knex
 */
export async function up(knex) {
  await knex.raw(`
    create function topology_note_consumers() returns trigger language plpgsql as $$
    begin
      insert into topology_changes (kind, id)
      select distinct 1, a.resource_provider_id
      from touched t
      left join previous p on (p.id, p.uuid, p.generation) = (t.id, t.uuid, t.generation)
      join allocations a on a.consumer_id = t.id
      where p.id is null
      on conflict do nothing;
      return null;
    end $$;
    create trigger topology_updated after update on consumers
      referencing old table as previous new table as touched for each statement execute function topology_note_consumers();
  `);
}
