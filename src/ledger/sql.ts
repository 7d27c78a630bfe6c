/**
 * The statements of a claim. The order of locks is the same everywhere: consumers by uuid, then providers by id. Locking and
 * reading are statements of their own, because a statement's snapshot is older than its waits: the one that reads comes
 * after the locks are held and sees what the rivals it waited for have left.
 */

/** $1 consumer uuids */
export const LOCK_CONSUMERS = `
  select id, uuid, generation from consumers where uuid = any($1::text[]) order by uuid for update`;

/**
 * $1 provider uuids, $2 consumer uuids. The providers that the consumers leave are locked too: their usage changes.
 */
export const LOCK_PROVIDERS = `
  select p.id, p.uuid, p.generation
  from resource_providers p
  where p.id = any (
    array(select named.id from resource_providers named where named.uuid = any($1::text[]))
    || array(select a.resource_provider_id from consumers c join allocations a on a.consumer_id = c.id
             where c.uuid = any($2::text[]))
  )
  order by p.id for no key update of p`;

/** The same without those that another transaction has locked: while some rows are stuck, claims do not wait for any. */
export const LOCK_FREE_CONSUMERS = `${LOCK_CONSUMERS} skip locked`;
export const LOCK_FREE_PROVIDERS = `${LOCK_PROVIDERS} skip locked`;

/** The names of rows that were not locked. $1 provider uuids, $2 provider ids, $3 consumer ids */
export const NAME_ROWS = `
  select 'provider' as kind, id::float8 as id, uuid from resource_providers
  where uuid = any($1::text[]) or id = any($2::integer[])
  union all
  select 'consumer', id::float8, uuid from consumers where id = any($3::bigint[])`;

/** The providers that a consumer has something of. $1 its uuid */
export const HELD_PROVIDERS = `
  select distinct p.uuid
  from consumers c
  join allocations a on a.consumer_id = c.id
  join resource_providers p on p.id = a.resource_provider_id
  where c.uuid = any($1::text[])`;

/** $1 provider uuids, $2 consumer uuids, $3 class names, $4 projects, $5 users, $6 consumer types */
export const READ_STATE = `
  select
    (select json_agg(json_build_array(i.resource_provider_id, i.resource_class_id, c.name, i.total, i.reserved, i.min_unit,
                                      i.max_unit, i.step_size, i.allocation_ratio, i.used))
       from resource_providers p
       join inventories i on i.resource_provider_id = p.id
       join resource_classes c on c.id = i.resource_class_id
       where p.uuid = any($1::text[]))::text as inventories,
    (select json_agg(json_build_array(a.consumer_id, a.resource_provider_id, a.resource_class_id, a.used))
       from consumers co join allocations a on a.consumer_id = co.id
       where co.uuid = any($2::text[]))::text as held,
    (select json_agg(json_build_array(name, id)) from resource_classes where name = any($3::text[]))::text as classes,
    (select json_agg(json_build_array(external_id, id)) from projects where external_id = any($4::text[]))::text as projects,
    (select json_agg(json_build_array(external_id, id)) from users where external_id = any($5::text[]))::text as users,
    (select json_agg(json_build_array(name, id)) from consumer_types where name = any($6::text[]))::text as types`;

/**
 * Projects, users and types are created on first use and never removed. ON CONFLICT waits for a rival that creates the
 * same one, so a statement that follows finds it. $1 projects, $2 users, $3 consumer types
 */
export const CREATE_OWNERS = `
  with new_projects as (
    insert into projects (external_id) select unnest($1::text[]) on conflict do nothing
  ), new_users as (
    insert into users (external_id) select unnest($2::text[]) on conflict do nothing
  )
  insert into consumer_types (name) select unnest($3::text[]) on conflict do nothing`;

/**
 * Writes the claims: consumers that are new ($1-$4), consumers that are there ($5-$8), consumers that go ($9), the
 * allocations ($10-$13), the generations of the providers ($14 ids, $15 by how much).
 *
 * The insert looks at what the delete removed, so that it happens after it: the keys may be the same. A new consumer whose
 * uuid a rival has just created violates consumers_uuid_key, and the claim starts over.
 */
export const WRITE_CLAIMS = `
  with created as (
    insert into consumers (uuid, project_id, user_id, consumer_type_id, generation)
    select *, 1 from unnest($1::text[], $2::integer[], $3::integer[], $4::integer[])
    returning id, uuid
  ), kept as (
    update consumers c
    set project_id = k.project_id, user_id = k.user_id,
        consumer_type_id = coalesce(k.consumer_type_id, c.consumer_type_id),
        generation = c.generation + 1, updated_at = now()
    from unnest($5::bigint[], $6::integer[], $7::integer[], $8::integer[]) as k (id, project_id, user_id, consumer_type_id)
    where c.id = k.id
    returning c.id, c.uuid
  ), removed as (
    delete from allocations where consumer_id = any($5::bigint[]) or consumer_id = any($9::bigint[])
    returning 1
  ), gone as (
    delete from consumers where id = any($9::bigint[])
  ), bumped as (
    update resource_providers p set generation = p.generation + b.by, updated_at = now()
    from unnest($14::integer[], $15::integer[]) as b (id, by)
    where p.id = b.id
  )
  insert into allocations (consumer_id, resource_provider_id, resource_class_id, used)
  select consumer.id, w.resource_provider_id, w.resource_class_id, w.used
  from unnest($10::text[], $11::integer[], $12::integer[], $13::integer[])
    as w (consumer_uuid, resource_provider_id, resource_class_id, used)
  join (select id, uuid from created union all select id, uuid from kept) consumer on consumer.uuid = w.consumer_uuid
  where (select count(*) from removed) >= 0`;

/**
 * The same when every consumer is new, which is what schedulers ask for most: $1-$4 consumers, $5-$8 allocations, $9 and $10
 * generations. Nothing is removed, so nothing has to be looked for or noted.
 */
export const WRITE_NEW_CLAIMS = `
  with created as (
    insert into consumers (uuid, project_id, user_id, consumer_type_id, generation)
    select *, 1 from unnest($1::text[], $2::integer[], $3::integer[], $4::integer[])
    returning id, uuid
  ), bumped as (
    update resource_providers p set generation = p.generation + b.by, updated_at = now()
    from unnest($9::integer[], $10::integer[]) as b (id, by)
    where p.id = b.id
  )
  insert into allocations (consumer_id, resource_provider_id, resource_class_id, used)
  select created.id, w.resource_provider_id, w.resource_class_id, w.used
  from unnest($5::text[], $6::integer[], $7::integer[], $8::integer[])
    as w (consumer_uuid, resource_provider_id, resource_class_id, used)
  join created on created.uuid = w.consumer_uuid`;

/** Removes a consumer with all it has; its providers' generations stay. $1 consumer uuids */
export const DELETE_CONSUMER = `
  with removed as (
    delete from allocations a using consumers c where a.consumer_id = c.id and c.uuid = any($1::text[])
    returning 1
  ), gone as (
    delete from consumers where uuid = any($1::text[])
  )
  select count(*)::integer as removed from removed`;

/** What consumers have. $1 consumer uuids */
export const READ_HELD = `
  select c.uuid, json_agg(json_build_array(p.uuid, class.name, a.used) order by p.id, class.id)::text as held
  from consumers c
  join allocations a on a.consumer_id = c.id
  join resource_providers p on p.id = a.resource_provider_id
  join resource_classes class on class.id = a.resource_class_id
  where c.uuid = any($1::text[])
  group by c.uuid`;

/** Puts the new inventories of a reshape over the old. $1 provider ids, $2 class ids, $3-$8 numbers */
export const OVERLAY_INVENTORIES = `
  insert into inventories (resource_provider_id, resource_class_id, total, reserved, min_unit, max_unit, step_size,
                           allocation_ratio)
  select * from unnest($1::integer[], $2::integer[], $3::integer[], $4::integer[], $5::integer[], $6::integer[],
                       $7::integer[], $8::float8[])
  on conflict (resource_provider_id, resource_class_id) do update set
    total = excluded.total, reserved = excluded.reserved, min_unit = excluded.min_unit, max_unit = excluded.max_unit,
    step_size = excluded.step_size, allocation_ratio = excluded.allocation_ratio, updated_at = now()`;

/** $1 provider ids, $2 class ids */
export const REMOVE_INVENTORIES = `
  delete from inventories i using unnest($1::integer[], $2::integer[]) as gone (resource_provider_id, resource_class_id)
  where (i.resource_provider_id, i.resource_class_id) = (gone.resource_provider_id, gone.resource_class_id)`;
