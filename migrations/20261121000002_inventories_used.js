/**
 * `inventories.used` follows the allocations in the transaction that writes them, whoever writes them. A capacity check
 * then reads one row and a search sums nothing.
 *
 * Statement triggers with transition tables: one update of `inventories` a statement, however many rows it wrote.
 *
 * @param {import('knex').Knex} knex
 */
export async function up(knex) {
  await knex.raw(`
    create function allocations_inserted() returns trigger language plpgsql as $$
    begin
      update inventories i set used = i.used + d.amount
      from (select resource_provider_id, resource_class_id, sum(used) as amount from inserted group by 1, 2) d
      where (i.resource_provider_id, i.resource_class_id) = (d.resource_provider_id, d.resource_class_id);
      return null;
    end $$;

    create function allocations_deleted() returns trigger language plpgsql as $$
    begin
      update inventories i set used = i.used - d.amount
      from (select resource_provider_id, resource_class_id, sum(used) as amount from deleted group by 1, 2) d
      where (i.resource_provider_id, i.resource_class_id) = (d.resource_provider_id, d.resource_class_id);
      return null;
    end $$;

    create function allocations_updated() returns trigger language plpgsql as $$
    begin
      update inventories i set used = i.used + d.amount
      from (
        select resource_provider_id, resource_class_id, sum(used) as amount
        from (
          select resource_provider_id, resource_class_id, used from inserted
          union all
          select resource_provider_id, resource_class_id, -used from deleted
        ) changes
        group by 1, 2
      ) d
      where (i.resource_provider_id, i.resource_class_id) = (d.resource_provider_id, d.resource_class_id);
      return null;
    end $$;

    create function allocations_truncated() returns trigger language plpgsql as $$
    begin
      update inventories set used = 0 where used <> 0;
      return null;
    end $$;

    create trigger allocations_inserted after insert on allocations
      referencing new table as inserted for each statement execute function allocations_inserted();
    create trigger allocations_deleted after delete on allocations
      referencing old table as deleted for each statement execute function allocations_deleted();
    create trigger allocations_updated after update on allocations
      referencing old table as deleted new table as inserted for each statement execute function allocations_updated();
    create trigger allocations_truncated after truncate on allocations
      for each statement execute function allocations_truncated();
  `);
}

/** @param {import('knex').Knex} knex */
export async function down(knex) {
  await knex.raw(`
    drop trigger allocations_inserted on allocations;
    drop trigger allocations_deleted on allocations;
    drop trigger allocations_updated on allocations;
    drop trigger allocations_truncated on allocations;
    drop function allocations_inserted(), allocations_deleted(), allocations_updated(), allocations_truncated();
  `);
}
