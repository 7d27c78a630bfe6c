/**
 * Processes remember what the consumers of a project use for as long as the journal notes nothing about the project
 * (docs/adr/0002). Kind 4 is a project: something changed of what its consumers have, or of whose they are.
 *
 * A process of an older version looks at no rows of this kind, and its own writes fire the triggers.
 *
 * @param {import('knex').Knex} knex
 */
export async function up(knex) {
  await knex.raw(`
    -- The subselect keeps to the primary key, however small the tables were when the plan was made. A consumer that is
    -- deleted in the same statement is gone here; its own trigger notes its project.
    create function topology_note_projects_of_allocations() returns trigger language plpgsql as $$
    begin
      insert into topology_changes (kind, id)
      select distinct 4, project_id
      from (
        select (select c.project_id from consumers c where c.id = t.consumer_id) as project_id
        from (select distinct consumer_id from touched) t
      ) owner
      where project_id is not null
      on conflict do nothing;
      return null;
    end $$;
    create trigger topology_inserted after insert on allocations
      referencing new table as touched for each statement execute function topology_note_projects_of_allocations();
    create trigger topology_updated_1 after update on allocations
      referencing old table as touched for each statement execute function topology_note_projects_of_allocations();
    create trigger topology_updated_2 after update on allocations
      referencing new table as touched for each statement execute function topology_note_projects_of_allocations();
    create trigger topology_deleted after delete on allocations
      referencing old table as touched for each statement execute function topology_note_projects_of_allocations();
    create trigger topology_truncated after truncate on allocations
      for each statement execute function topology_note_everything();

    create function topology_note_projects_of_consumers() returns trigger language plpgsql as $$
    begin
      insert into topology_changes (kind, id) select distinct 4, project_id from touched on conflict do nothing;
      return null;
    end $$;
    create trigger topology_deleted after delete on consumers
      referencing old table as touched for each statement execute function topology_note_projects_of_consumers();
    create trigger topology_truncated after truncate on consumers
      for each statement execute function topology_note_everything();

    create function topology_note_owner_of_consumer() returns trigger language plpgsql as $$
    begin
      insert into topology_changes (kind, id) values (4, old.project_id), (4, new.project_id) on conflict do nothing;
      return null;
    end $$;
    create trigger topology_updated_owner after update of project_id, user_id, consumer_type_id on consumers
      for each row when (old.project_id <> new.project_id or old.user_id <> new.user_id
                         or old.consumer_type_id is distinct from new.consumer_type_id)
      execute function topology_note_owner_of_consumer();
  `);
  // The service never renames these.
  for (const [table, column] of [
    ['projects', 'external_id'],
    ['users', 'external_id'],
    ['consumer_types', 'name'],
  ]) {
    await knex.raw(`
      create trigger topology_updated after update on ${table}
        for each row when (old.id <> new.id or old.${column} <> new.${column}) execute function topology_note_everything();
    `);
  }
}
