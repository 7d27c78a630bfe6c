/**
 * The journal that keeps the in-memory topology of every process exact (docs/adr/0002). Each transaction notes which
 * objects it touched, through triggers, so that no code path and no hand-typed SQL can forget to.
 *
 * Kinds: 0 everything, 1 resource provider, 2 trait, 3 resource class.
 *
 * @param {import('knex').Knex} knex
 */
export async function up(knex) {
  await knex.raw(`
    create table topology_changes (
      xid   xid8 not null default pg_current_xact_id(),
      kind  smallint not null,
      id    integer not null,
      primary key (xid, kind, id)
    );

    -- One row. uuid changes after a restore (part of the epoch); transactions below pruned_below are no longer in the
    -- journal; mark is what the janitor will prune below next time, once marked_at is long enough ago.
    create table topology_epoch (
      only_row      boolean primary key default true check (only_row),
      uuid          uuid not null default gen_random_uuid(),
      pruned_below  xid8 not null default '0',
      mark          xid8 not null default pg_snapshot_xmin(pg_current_snapshot()),
      marked_at     timestamptz not null default now()
    );
    insert into topology_epoch default values;

    create function topology_note_everything() returns trigger language plpgsql as $$
    begin
      insert into topology_changes (kind, id) values (0, 0) on conflict do nothing;
      return null;
    end $$;
  `);

  const journaled = [
    { table: 'resource_providers', kind: 1, key: 'id' },
    { table: 'inventories', kind: 1, key: 'resource_provider_id' },
    { table: 'resource_provider_traits', kind: 1, key: 'resource_provider_id' },
    { table: 'resource_provider_aggregates', kind: 1, key: 'resource_provider_id' },
    { table: 'traits', kind: 2, key: 'id' },
    { table: 'resource_classes', kind: 3, key: 'id' },
  ];
  for (const { table, kind, key } of journaled) {
    await knex.raw(`
      create function topology_note_${table}() returns trigger language plpgsql as $$
      begin
        insert into topology_changes (kind, id) select distinct ${kind}, ${key} from touched on conflict do nothing;
        return null;
      end $$;
      create trigger topology_inserted after insert on ${table}
        referencing new table as touched for each statement execute function topology_note_${table}();
      create trigger topology_updated after update on ${table}
        referencing new table as touched for each statement execute function topology_note_${table}();
      -- An update that changes the key leaves the old key behind: note it too.
      create trigger topology_updated_old_key after update of ${key} on ${table}
        for each row when (old.${key} <> new.${key}) execute function topology_note_everything();
      create trigger topology_deleted after delete on ${table}
        referencing old table as touched for each statement execute function topology_note_${table}();
      create trigger topology_truncated after truncate on ${table}
        for each statement execute function topology_note_everything();
    `);
  }
}
