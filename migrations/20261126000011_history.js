/**
 * The history (docs/adr/0025): what changed, written by triggers, so that no code path and no hand-typed SQL can forget to; who asked for
 * it, a row a request, written by the service before COMMIT; and marks, which put the changes into one order for all readers.
 *
 * Kinds of changes: 0 everything (TRUNCATE), 1 allocations, 2 consumer, 3 inventory, 4 provider, 5 traits, 6 aggregates, 7 resource class,
 * 8 trait.
 *
 * @param {import('knex').Knex} knex
 */
export async function up(knex) {
  await knex.raw(TABLES);
  await knex.raw(IDENTITY);
  await knex.raw(ALLOCATIONS);
  await knex.raw(CONSUMERS);
  await knex.raw(PROVIDERS);
  await knex.raw(NAMES);
  await knex.raw(PARTITIONS);
  await knex.raw(SWITCH);
  // A database that is in use is asked first: its operator decides what a claim may cost.
  await knex.raw(`
    select history_enable()
    where not exists (select from resource_providers) and not exists (select from consumers)`);
}

const TABLES = `
  -- Drawn while the changed row is locked: the changes of one object have its order.
  create sequence history_seq;

  -- One row an object and statement. Readers put together what one transaction did to one object.
  create table history_changes (
    seq          bigint not null default nextval('history_seq'),
    xid          xid8 not null default pg_current_xact_id(),
    at           timestamptz not null default now(),
    kind         smallint not null,
    provider_id  integer,
    consumer_id  bigint,
    -- A resource class, a trait, a table.
    name         text,
    before       jsonb,
    after        jsonb,
    by           text not null default session_user,
    primary key (xid, seq, at)
  ) partition by range (at);
  create index history_changes_provider_idx on history_changes (provider_id, xid, seq) where provider_id is not null;
  create index history_changes_consumer_idx on history_changes (consumer_id, xid, seq) where consumer_id is not null;
  create index history_changes_seq_idx on history_changes using brin (seq) with (autosummarize);
  -- A net under the partitions of days, which the janitor of the service makes.
  create table history_changes_default partition of history_changes default;

  -- Requests of one transaction are those of claims that were written together: no two of them name the same consumer.
  create table history_requests (
    xid                xid8 not null default pg_current_xact_id(),
    n                  smallint not null,
    at                 timestamptz not null default now(),
    request_id         text,
    global_request_id  text,
    user_id            text,
    project_id         text,
    route              text,
    version            text,
    -- Null: all changes of the transaction are of this request.
    consumers          text[],
    -- One of our own commands made the changes, and no request.
    command            text,
    primary key (xid, n, at)
  ) partition by range (at);
  create table history_requests_default partition of history_requests default;

  -- Providers (0) and consumers (1) that were removed. An import may use an id again: changes before seq are of this one.
  create table history_gone (
    what              smallint not null,
    id                bigint not null,
    seq               bigint not null default nextval('history_seq'),
    at                timestamptz not null default now(),
    uuid              text not null,
    name              text,
    project_id        integer,
    user_id           integer,
    consumer_type_id  integer,
    primary key (what, id, seq)
  );
  create index history_gone_uuid_idx on history_gone (uuid);
  create index history_gone_at_idx on history_gone using brin (at) with (autosummarize);

  -- Batch m is what snapshot m sees and snapshot m-1 does not.
  create table history_marks (
    id        bigint primary key,
    snapshot  pg_snapshot not null,
    -- The last sequence number that had been drawn: how large a batch may be.
    seq       bigint not null,
    at        timestamptz not null
  );
  create index history_marks_xmax_idx on history_marks (pg_snapshot_xmax(snapshot), id);

  -- A restored database, a server that took over, a time without history: each begins another history, and cursors of the former are
  -- refused.
  create table history_epochs (
    id            smallint primary key,
    identity      text not null,
    began_at      timestamptz not null,
    first_mark    bigint not null,
    -- Changes up to this sequence number are of former histories.
    sealed_below  bigint not null,
    -- Null while changes are recorded.
    ended_at      timestamptz
  );`;

const IDENTITY = `
  -- What must stay the same for marks to mean anything. The start of the server is no part of it: a restart loses nothing.
  create function history_identity() returns text language sql stable as $$
    select case when pg_is_in_recovery() then null else concat_ws('/',
      (select system_identifier from pg_control_system())::text,
      substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8),
      (select oid from pg_database where datname = current_database())::text,
      (select uuid from topology_epoch)::text) end
  $$;

  -- Begins another history. The caller keeps writers out, since a statement before this one.
  create function history_begin() returns void language plpgsql as $$
  declare
    drawn bigint;
  begin
    select case when is_called then last_value else 0 end into drawn from history_seq;
    insert into history_epochs (id, identity, began_at, first_mark, sealed_below)
    select coalesce(max(id), 0) + 1, history_identity(), clock_timestamp(),
      greatest((select max(id) from history_marks), max(first_mark), 0) + 1, drawn
    from history_epochs;
    delete from history_marks;
    insert into history_marks (id, snapshot, seq, at)
    select first_mark, pg_current_snapshot(), drawn, clock_timestamp() from history_epochs order by id desc limit 1;
  end $$;

  create function history_note_everything() returns trigger language plpgsql as $$
  begin
    insert into history_changes (kind, name) values (0, tg_table_name);
    return null;
  end $$;`;

const ALLOCATIONS = `
  -- The uuid that a consumer had when a change of it was noted.
  create function history_consumer_uuid(consumer bigint, noted bigint) returns text language sql stable as $$
    select coalesce(
      (select uuid from history_gone where what = 1 and id = consumer and seq > noted order by seq limit 1),
      (select uuid from consumers where id = consumer),
      (select uuid from history_gone where what = 1 and id = consumer order by seq desc limit 1))
  $$;

  -- A row has all that the consumer has on the provider: what the statement touched, and the rest. One statement of the ledger removes and
  -- writes, and both triggers run at its end; so the rest that a removal leaves is only what was there before the transaction.
  create function history_allocations_inserted() returns trigger language plpgsql as $$
  begin
    insert into history_changes (kind, consumer_id, provider_id, before, after)
    select 1, d.consumer_id, d.resource_provider_id, r.rest, coalesce(r.rest, '{}') || d.amounts
    from (
      select a.consumer_id, a.resource_provider_id, jsonb_object_agg(c.name, a.used) as amounts, array_agg(c.id) as classes
      from inserted a join resource_classes c on c.id = a.resource_class_id
      group by 1, 2
    ) d
    cross join lateral (
      select jsonb_object_agg(c.name, a.used) as rest
      from allocations a join resource_classes c on c.id = a.resource_class_id
      where a.consumer_id = d.consumer_id and a.resource_provider_id = d.resource_provider_id
        and a.resource_class_id <> all(d.classes)
    ) r;
    return null;
  end $$;

  create function history_allocations_deleted() returns trigger language plpgsql as $$
  begin
    insert into history_changes (kind, consumer_id, provider_id, before, after)
    select 1, d.consumer_id, d.resource_provider_id, coalesce(r.rest, '{}') || d.amounts, r.rest
    from (
      select a.consumer_id, a.resource_provider_id, jsonb_object_agg(c.name, a.used) as amounts, array_agg(c.id) as classes
      from deleted a join resource_classes c on c.id = a.resource_class_id
      group by 1, 2
    ) d
    cross join lateral (
      select jsonb_object_agg(c.name, a.used) as rest
      from allocations a join resource_classes c on c.id = a.resource_class_id
      where a.consumer_id = d.consumer_id and a.resource_provider_id = d.resource_provider_id
        and a.resource_class_id <> all(d.classes) and a.xmin <> pg_current_xact_id()::xid
    ) r;
    return null;
  end $$;

  create function history_allocations_updated() returns trigger language plpgsql as $$
  begin
    insert into history_changes (kind, consumer_id, provider_id, before, after)
    select 1, d.consumer_id, d.resource_provider_id,
      nullif(coalesce(r.rest, '{}') || d.before, '{}'), nullif(coalesce(r.rest, '{}') || d.after, '{}')
    from (
      select a.consumer_id, a.resource_provider_id, array_agg(c.id) as classes,
        coalesce(jsonb_object_agg(c.name, a.used) filter (where a.was), '{}') as before,
        coalesce(jsonb_object_agg(c.name, a.used) filter (where not a.was), '{}') as after
      from (
        select true as was, consumer_id, resource_provider_id, resource_class_id, used from deleted
        union all
        select false, consumer_id, resource_provider_id, resource_class_id, used from inserted
      ) a
      join resource_classes c on c.id = a.resource_class_id
      group by 1, 2
    ) d
    cross join lateral (
      select jsonb_object_agg(c.name, a.used) as rest
      from allocations a join resource_classes c on c.id = a.resource_class_id
      where a.consumer_id = d.consumer_id and a.resource_provider_id = d.resource_provider_id
        and a.resource_class_id <> all(d.classes)
    ) r
    where d.before <> d.after;
    return null;
  end $$;`;

const CONSUMERS = `
  create function history_owner(project integer, owner integer, type integer) returns jsonb language sql stable as $$
    select jsonb_build_object(
      'project_id', (select external_id from projects where id = project),
      'user_id', (select external_id from users where id = owner),
      'consumer_type', (select name from consumer_types where id = type))
  $$;

  create function history_consumer_changed() returns trigger language plpgsql as $$
  begin
    insert into history_changes (kind, consumer_id, before, after)
    values (2, new.id, history_owner(old.project_id, old.user_id, old.consumer_type_id),
      history_owner(new.project_id, new.user_id, new.consumer_type_id));
    return null;
  end $$;

  create function history_consumers_deleted() returns trigger language plpgsql as $$
  begin
    insert into history_gone (what, id, uuid, project_id, user_id, consumer_type_id)
    select 1, id, uuid, project_id, user_id, consumer_type_id from deleted;
    return null;
  end $$;`;

const PROVIDERS = `
  -- Stable as jsonb_build_object is: otherwise the planner does not put it in place, and each row pays for a call.
  create function history_inventory_of(i inventories) returns jsonb language sql stable as $$
    select jsonb_build_object('total', i.total, 'reserved', i.reserved, 'min_unit', i.min_unit, 'max_unit', i.max_unit,
      'step_size', i.step_size, 'allocation_ratio', i.allocation_ratio)
  $$;

  create function history_inventory_changed() returns trigger language plpgsql as $$
  begin
    if tg_op = 'UPDATE' and (old.resource_provider_id, old.resource_class_id) = (new.resource_provider_id, new.resource_class_id) then
      insert into history_changes (kind, provider_id, name, before, after)
      values (3, new.resource_provider_id, (select r.name from resource_classes r where r.id = new.resource_class_id), history_inventory_of(old),
        history_inventory_of(new));
      return null;
    end if;
    if tg_op <> 'INSERT' then
      insert into history_changes (kind, provider_id, name, before)
      values (3, old.resource_provider_id, (select r.name from resource_classes r where r.id = old.resource_class_id), history_inventory_of(old));
    end if;
    if tg_op <> 'DELETE' then
      insert into history_changes (kind, provider_id, name, after)
      values (3, new.resource_provider_id, (select r.name from resource_classes r where r.id = new.resource_class_id), history_inventory_of(new));
    end if;
    return null;
  end $$;

  create function history_provider_of(p resource_providers) returns jsonb language sql stable as $$
    select jsonb_build_object('name', p.name, 'parent_provider_uuid', coalesce(
      (select uuid from resource_providers where id = p.parent_provider_id),
      (select uuid from history_gone where what = 0 and id = p.parent_provider_id order by seq desc limit 1)))
  $$;

  create function history_provider_changed() returns trigger language plpgsql as $$
  begin
    if tg_op = 'DELETE' then
      insert into history_changes (kind, provider_id, before) values (4, old.id, history_provider_of(old));
      insert into history_gone (what, id, uuid, name) values (0, old.id, old.uuid, old.name);
    elsif tg_op = 'INSERT' then
      insert into history_changes (kind, provider_id, after) values (4, new.id, history_provider_of(new));
    else
      insert into history_changes (kind, provider_id, before, after)
      values (4, new.id, history_provider_of(old), history_provider_of(new));
    end if;
    return null;
  end $$;

  create function history_traits_added() returns trigger language plpgsql as $$
  begin
    insert into history_changes (kind, provider_id, after)
    select 5, r.resource_provider_id, jsonb_build_object('added', jsonb_agg(t.name order by t.name))
    from inserted r join traits t on t.id = r.trait_id group by r.resource_provider_id;
    return null;
  end $$;

  create function history_traits_removed() returns trigger language plpgsql as $$
  begin
    insert into history_changes (kind, provider_id, after)
    select 5, r.resource_provider_id, jsonb_build_object('removed', jsonb_agg(t.name order by t.name))
    from deleted r join traits t on t.id = r.trait_id group by r.resource_provider_id;
    return null;
  end $$;

  create function history_aggregates_added() returns trigger language plpgsql as $$
  begin
    insert into history_changes (kind, provider_id, after)
    select 6, resource_provider_id, jsonb_build_object('added', jsonb_agg(aggregate_uuid order by aggregate_uuid))
    from inserted group by resource_provider_id;
    return null;
  end $$;

  create function history_aggregates_removed() returns trigger language plpgsql as $$
  begin
    insert into history_changes (kind, provider_id, after)
    select 6, resource_provider_id, jsonb_build_object('removed', jsonb_agg(aggregate_uuid order by aggregate_uuid))
    from deleted group by resource_provider_id;
    return null;
  end $$;`;

const NAMES = `
  create function history_name_changed() returns trigger language plpgsql as $$
  declare
    kind smallint := case tg_table_name when 'traits' then 8 else 7 end;
    before text := case when tg_op <> 'INSERT' then old.name end;
    after text := case when tg_op <> 'DELETE' then new.name end;
  begin
    if coalesce(after, before) like 'CUSTOM\\_%' then
      insert into history_changes (kind, name, before, after)
      values (kind, coalesce(after, before), case when before is not null then jsonb_build_object('name', before) end,
        case when after is not null then jsonb_build_object('name', after) end);
    end if;
    return null;
  end $$;`;

/** Days are those of UTC. The caller says how long to wait for writers (lock_timeout). */
const PARTITIONS = `
  -- Makes the partitions of so many days that are missing; returns how many. A day of which the default partition has rows stays there:
  -- moving them would keep writers waiting.
  create function history_make_partitions(first_day date, days integer) returns integer language plpgsql as $$
  declare
    parent text;
    child text;
    lower_end timestamptz;
    upper_end timestamptz;
    found boolean;
    made integer := 0;
  begin
    foreach parent in array array['history_changes', 'history_requests'] loop
      for i in 0 .. days - 1 loop
        child := parent || '_' || to_char(first_day + i, 'YYYYMMDD');
        continue when to_regclass(child) is not null;
        lower_end := (first_day + i)::timestamp at time zone 'UTC';
        upper_end := (first_day + i + 1)::timestamp at time zone 'UTC';
        execute format('select exists (select from %I where at >= $1 and at < $2)', parent || '_default')
          into found using lower_end, upper_end;
        continue when found;
        execute format('create table %I (like %I including all)', child, parent);
        execute format('alter table %I attach partition %I for values from (%L) to (%L)', parent, child, lower_end, upper_end);
        made := made + 1;
      end loop;
    end loop;
    return made;
  end $$;

  -- Marks before a time, unless a batch after them has changes of before it: cursors there are refused from now on. It is committed before
  -- the changes go, so that a reader finds a mark missing, and not changes.
  create function history_forget_marks(cutoff timestamptz) returns void language sql as $$
    with base as (
      select id, snapshot from history_marks where at < cutoff order by id desc limit 1
    ),
    late as (
      select max((select min(k.id) from history_marks k where pg_visible_in_snapshot(c.xid, k.snapshot))) as id
      from history_changes c, base
      where c.at < cutoff and c.xid >= pg_snapshot_xmin(base.snapshot) and not pg_visible_in_snapshot(c.xid, base.snapshot)
        and c.seq > (select sealed_below from history_epochs order by id desc limit 1)
    )
    delete from history_marks where id < greatest((select id from base), (select id from late));
  $$;

  -- Drops one partition whose last day is before a time; null when there is none. (Not concurrently: that is not possible beside a default
  -- partition.)
  create function history_drop_partition(cutoff timestamptz) returns text language plpgsql as $$
  declare
    one record;
  begin
    select p.relname as parent, c.relname as child into one
    from pg_inherits i join pg_class c on c.oid = i.inhrelid join pg_class p on p.oid = i.inhparent
    where i.inhparent in ('history_changes'::regclass, 'history_requests'::regclass) and c.relname ~ '_\\d{8}$'
      and (to_date(right(c.relname, 8), 'YYYYMMDD') + 1)::timestamp at time zone 'UTC' <= cutoff
    order by c.relname limit 1;
    if not found then
      return null;
    end if;
    execute format('alter table %I detach partition %I', one.parent, one.child);
    execute format('drop table %I', one.child);
    return one.child;
  end $$;`;

/** What fires when: the history is on while these triggers are there. */
const SWITCH = `
  create function history_enable() returns boolean language plpgsql as $$
  declare
    one text;
  begin
    if exists (select from pg_trigger where tgname like 'history\\_%' and tgrelid = 'allocations'::regclass) then
      return false;
    end if;
    -- Waits for the writers under way, in the order in which writers lock.
    lock table consumers, resource_providers, inventories, allocations, resource_provider_traits, resource_provider_aggregates,
      resource_classes, traits in share row exclusive mode;

    create trigger history_inserted after insert on allocations
      referencing new table as inserted for each statement execute function history_allocations_inserted();
    create trigger history_deleted after delete on allocations
      referencing old table as deleted for each statement execute function history_allocations_deleted();
    create trigger history_updated after update on allocations
      referencing old table as deleted new table as inserted for each statement execute function history_allocations_updated();

    create trigger history_updated after update of project_id, user_id, consumer_type_id on consumers
      for each row when ((old.project_id, old.user_id) <> (new.project_id, new.user_id)
                         or old.consumer_type_id is distinct from new.consumer_type_id)
      execute function history_consumer_changed();
    create trigger history_deleted after delete on consumers
      referencing old table as deleted for each statement execute function history_consumers_deleted();

    create trigger history_inserted after insert on inventories
      for each row execute function history_inventory_changed();
    create trigger history_deleted after delete on inventories
      for each row execute function history_inventory_changed();
    -- The updates of used, which every claim makes, do not fire it.
    create trigger history_updated
      after update of resource_provider_id, resource_class_id, total, reserved, min_unit, max_unit, step_size, allocation_ratio on inventories
      for each row when ((old.resource_provider_id, old.resource_class_id, old.total, old.reserved, old.min_unit, old.max_unit,
                          old.step_size, old.allocation_ratio)
                         is distinct from (new.resource_provider_id, new.resource_class_id, new.total, new.reserved, new.min_unit,
                          new.max_unit, new.step_size, new.allocation_ratio))
      execute function history_inventory_changed();

    create trigger history_inserted after insert on resource_providers
      for each row execute function history_provider_changed();
    -- What goes with a provider, by the keys' own triggers, is noted after it.
    create trigger history_deleted after delete on resource_providers
      for each row execute function history_provider_changed();
    create trigger history_updated after update of name, parent_provider_id on resource_providers
      for each row when (old.name <> new.name or old.parent_provider_id is distinct from new.parent_provider_id)
      execute function history_provider_changed();

    create trigger history_inserted after insert on resource_provider_traits
      referencing new table as inserted for each statement execute function history_traits_added();
    create trigger history_deleted after delete on resource_provider_traits
      referencing old table as deleted for each statement execute function history_traits_removed();
    create trigger history_updated_1 after update on resource_provider_traits
      referencing old table as deleted for each statement execute function history_traits_removed();
    create trigger history_updated_2 after update on resource_provider_traits
      referencing new table as inserted for each statement execute function history_traits_added();

    create trigger history_inserted after insert on resource_provider_aggregates
      referencing new table as inserted for each statement execute function history_aggregates_added();
    create trigger history_deleted after delete on resource_provider_aggregates
      referencing old table as deleted for each statement execute function history_aggregates_removed();
    create trigger history_updated_1 after update on resource_provider_aggregates
      referencing old table as deleted for each statement execute function history_aggregates_removed();
    create trigger history_updated_2 after update on resource_provider_aggregates
      referencing new table as inserted for each statement execute function history_aggregates_added();

    foreach one in array array['resource_classes', 'traits'] loop
      execute format('create trigger history_inserted after insert on %I for each row execute function history_name_changed()', one);
      execute format('create trigger history_deleted after delete on %I for each row execute function history_name_changed()', one);
      execute format('create trigger history_updated after update of name on %I for each row when (old.name <> new.name) '
        'execute function history_name_changed()', one);
    end loop;
    foreach one in array array['allocations', 'consumers', 'inventories', 'resource_providers', 'resource_provider_traits',
                               'resource_provider_aggregates', 'resource_classes', 'traits'] loop
      execute format('create trigger history_truncated after truncate on %I for each statement '
        'execute function history_note_everything()', one);
    end loop;

    perform history_begin();
    return true;
  end $$;

  -- The rows stay, and can be read by those who know how.
  create function history_disable() returns boolean language plpgsql as $$
  declare
    one record;
    found boolean := false;
  begin
    for one in select tgname, tgrelid::regclass as on_table from pg_trigger where tgname like 'history\\_%' and not tgisinternal
               order by tgrelid::regclass::text, tgname loop
      execute format('drop trigger %I on %s', one.tgname, one.on_table);
      found := true;
    end loop;
    update history_epochs set ended_at = clock_timestamp() where ended_at is null;
    return found;
  end $$;`;
