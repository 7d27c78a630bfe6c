/** Makes consumers and their allocations. */
export const ALLOCATION_RULES = `
  insert into findings (kind, subject, detail)
  select case when p.id is null then 'allocation_of_missing_provider' when c.id is null then 'allocation_of_missing_class' else 'allocation_of_nothing' end,
    format('allocation of consumer %s', a.consumer_id),
    format('%s of %s on provider %s', a.used, coalesce(c.name, 'class number ' || a.resource_class_id),
           coalesce(p.uuid, 'number ' || a.resource_provider_id))
  from source_allocations a
  left join import_providers p on p.id = a.resource_provider_id
  left join import_classes c on c.source_id = a.resource_class_id
  where p.id is null or c.id is null or a.used < 1
  order by a.id;

  create temporary table import_claims as
  select a.consumer_id_key as key, a.consumer_id as uuid, a.resource_provider_id, c.id as resource_class_id, a.used, a.created_at, a.updated_at
  from source_allocations a
  join import_providers p on p.id = a.resource_provider_id
  join import_classes c on c.source_id = a.resource_class_id
  where a.used >= 1;
  create index on import_claims (key);
  analyze import_claims;

  create temporary table import_consumers as
  select c.id::bigint, c.uuid_key as key, c.uuid, p.external_id as project, u.external_id as "user", t.name as type, c.generation,
    false as made, c.created_at, c.updated_at
  from (select distinct on (uuid_key) * from source_consumers order by uuid_key, id) c
  left join source_projects p on p.id = c.project_id
  left join source_users u on u.id = c.user_id
  left join import_consumer_types t on t.source_id = c.consumer_type_id
  where exists (select from import_claims a where a.key = c.uuid_key);

  insert into findings (kind, subject, detail)
  select 'consumer_without_owner', format('consumer %s', uuid),
    concat_ws(', ', case when project is null then 'project' end, case when "user" is null then 'user' end)
  from import_consumers where project is null or "user" is null;
  update import_consumers c set project = coalesce(c.project, s.incomplete_project), "user" = coalesce(c."user", s.incomplete_user)
  from import_settings s where c.project is null or c."user" is null;

  insert into findings (kind, subject, detail)
  select 'consumer_of_missing_type', format('consumer %s', c.uuid), format('type number %s', s.consumer_type_id)
  from import_consumers c join source_consumers s on s.id = c.id where s.consumer_type_id is not null and c.type is null;

  insert into findings (kind, subject)
  select 'consumer_without_allocations', format('consumer %s', s.uuid)
  from source_consumers s where not exists (select from import_consumers c where c.id = s.id);

  insert into import_consumers
  select (select coalesce(max(id), 0) from source_consumers) + row_number() over (order by a.key), a.key, min(a.uuid),
    s.incomplete_project, s.incomplete_user, null, 0, true, min(a.created_at), null
  from import_claims a cross join import_settings s
  where not exists (select from import_consumers c where c.key = a.key)
  group by a.key, s.incomplete_project, s.incomplete_user;
  create unique index on import_consumers (key);
  analyze import_consumers;

  insert into findings (kind, subject) select 'allocation_without_consumer', format('consumer %s', uuid) from import_consumers where made;

  insert into findings (kind, subject, detail)
  select distinct 'consumer_in_other_case', format('consumer %s', c.uuid), format('spelt %s in allocations', a.uuid)
  from import_claims a join import_consumers c using (key) where a.uuid <> c.uuid;

  insert into findings (kind, subject)
  select 'unusual_uuid', format('consumer %s', uuid) from import_consumers
  where uuid !~ '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$';

  create temporary table import_allocations as
  select c.id as consumer_id, a.resource_provider_id, a.resource_class_id, least(sum(a.used), 2147483647)::integer as used, count(*) as rows,
    min(a.created_at) as created_at, max(a.updated_at) as updated_at
  from import_claims a join import_consumers c using (key)
  group by 1, 2, 3;
  create index on import_allocations (resource_provider_id, resource_class_id);
  analyze import_allocations;

  insert into findings (kind, subject, detail)
  select 'duplicate_allocation', format('consumer %s', c.uuid), format('%s rows of %s on provider %s, now one of %s', a.rows, k.name, p.uuid, a.used)
  from import_allocations a
  join import_consumers c on c.id = a.consumer_id
  join import_providers p on p.id = a.resource_provider_id
  join import_classes k on k.id = a.resource_class_id
  where a.rows > 1;
`;

/** Compares the sums of allocations with the inventories. */
export const USAGE_RULES = `
  create temporary table import_usages as
  select resource_provider_id, resource_class_id, sum(used) as used, count(*) as allocations from import_allocations group by 1, 2;
  create unique index on import_usages (resource_provider_id, resource_class_id);
  analyze import_usages;

  insert into import_inventories
  select null, u.resource_provider_id, u.resource_class_id, least(u.used, 2147483647), least(u.used, 2147483647), 1, least(u.used, 2147483647), 1, 1.0,
    true, null, null
  from import_usages u
  where not exists (select from import_inventories i
                    where (i.resource_provider_id, i.resource_class_id) = (u.resource_provider_id, u.resource_class_id));

  insert into findings (kind, subject, detail)
  select case when i.made then 'allocation_without_inventory' else 'over_capacity' end, format('%s on provider %s (%s)', c.name, p.uuid, p.name),
    case when i.made then format('%s allocations of %s together', u.allocations, u.used)
         else format('%s used, total %s, reserved %s, allocation_ratio %s', u.used, i.total, i.reserved, i.allocation_ratio) end
  from import_inventories i
  join import_usages u using (resource_provider_id, resource_class_id)
  join import_providers p on p.id = i.resource_provider_id
  join import_classes c on c.id = i.resource_class_id
  where i.made or u.used > (i.total::double precision - i.reserved) * i.allocation_ratio
  order by p.id, c.id;

  insert into findings (kind, subject)
  select 'missing_time', subject from (
    select format('provider %s (%s)', uuid, name) as subject from import_providers where created_at is null
    union all
    select format('consumer %s', uuid) from import_consumers where created_at is null
    union all
    select format('inventory %s', source_id) from import_inventories where created_at is null and not made
    union all
    select format('%s allocations of consumer %s', count(*), c.uuid)
    from import_allocations a join import_consumers c on c.id = a.consumer_id where a.created_at is null group by c.uuid
  ) rows;
`;
