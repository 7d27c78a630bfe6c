/**
 * `inventories.used` follows the allocations in the transaction that writes them, whichever client writes them. A capacity check
 * then reads one row and a search sums nothing.
 *
 * Statement triggers with transition tables: one update of `inventories` a statement, however many rows it wrote. They are
 * the foreign key from allocations to inventories, too: a transaction that adds an allocation updates the inventory's row, and so waits
 * for a transaction that removes it, or the other way round. A declared key would check, and lock, once more for every row.
 *
 * @param {import('knex').Knex} knex
 */
export async function up(knex) {
  await knex.raw(`
    create function allocations_inserted() returns trigger language plpgsql as $$
    declare
      found bigint;
    begin
      update inventories i set used = i.used + d.amount
      from (select resource_provider_id, resource_class_id, sum(used) as amount from inserted group by 1, 2) d
      where (i.resource_provider_id, i.resource_class_id) = (d.resource_provider_id, d.resource_class_id);
      get diagnostics found = row_count;
      if found < (select count(*) from (select distinct resource_provider_id, resource_class_id from inserted) d) then
        raise foreign_key_violation using constraint = 'allocations_inventory_fkey',
          message = 'allocation without inventory of its resource class on its resource provider';
      end if;
      return null;
    end $$;

    create function inventories_removed() returns trigger language plpgsql as $$
    begin
      if exists (select from removed where used > 0) then
        raise foreign_key_violation using constraint = 'allocations_inventory_fkey', message = 'the inventory is in use';
      end if;
      return null;
    end $$;

    create function inventories_in_use() returns trigger language plpgsql as $$
    begin
      if tg_op <> 'TRUNCATE' or exists (select from allocations) then
        raise foreign_key_violation using constraint = 'allocations_inventory_fkey', message = 'the inventory is in use';
      end if;
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
    declare
      found bigint;
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
      get diagnostics found = row_count;
      if found < (select count(*) from (select resource_provider_id, resource_class_id from inserted
                                        union select resource_provider_id, resource_class_id from deleted) d) then
        raise foreign_key_violation using constraint = 'allocations_inventory_fkey',
          message = 'allocation without inventory of its resource class on its resource provider';
      end if;
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
    create trigger inventories_removed after delete on inventories
      referencing old table as removed for each statement execute function inventories_removed();
    create trigger inventories_key_changed before update of resource_provider_id, resource_class_id on inventories
      for each row when (old.used > 0 and (old.resource_provider_id, old.resource_class_id)
                         is distinct from (new.resource_provider_id, new.resource_class_id))
      execute function inventories_in_use();
    create trigger inventories_truncated after truncate on inventories
      for each statement execute function inventories_in_use();
    create trigger allocations_truncated after truncate on allocations
      for each statement execute function allocations_truncated();
  `);
}
