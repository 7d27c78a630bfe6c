-- The statements of one claim of three classes as src/ledger sends them, for pgbench: what PostgreSQL alone can do.
-- `npm run bench:claims` runs it on a database that the claims have filled. :n is one of 1,000 providers. Two things of the service are not here: its
-- settings of the plans, which pgbench does not need because its arrays are no parameters, and the request of the history.
\set n random(1, 1000)
begin;
select id, uuid, generation from consumers
where uuid = any(array[(select gen_random_uuid()::text)]) order by uuid for update;
select p.id, p.uuid, p.generation from resource_providers p
where p.id = any (
  array(select named.id from resource_providers named where named.uuid = any(array[(select uuid from resource_providers where id = :n)]))
  || array(select a.resource_provider_id from consumers c join allocations a on a.consumer_id = c.id
           where c.uuid = any(array[(select gen_random_uuid()::text)])))
order by p.id for no key update of p;
select
  (select json_agg(json_build_array(i.resource_provider_id, i.resource_class_id, c.name, i.total, i.reserved, i.min_unit,
                                    i.max_unit, i.step_size, i.allocation_ratio, i.used))
     from resource_providers p
     join inventories i on i.resource_provider_id = p.id
     join resource_classes c on c.id = i.resource_class_id
     where p.uuid = any(array[(select uuid from resource_providers where id = :n)]))::text as inventories,
  (select json_agg(json_build_array(a.consumer_id, a.resource_provider_id, a.resource_class_id, a.used))
     from consumers co join allocations a on a.consumer_id = co.id
     where co.uuid = any(array[(select gen_random_uuid()::text)]))::text as held,
  (select json_agg(json_build_array(name, id)) from resource_classes
     where name = any(array['VCPU', 'MEMORY_MB', 'DISK_GB']))::text as classes,
  (select json_agg(json_build_array(external_id, id)) from projects where external_id = any(array['bench-project']))::text as projects,
  (select json_agg(json_build_array(external_id, id)) from users where external_id = any(array['bench-user']))::text as users,
  (select json_agg(json_build_array(name, id)) from consumer_types where name = any(array['INSTANCE']))::text as types;
with created as (
  insert into consumers (uuid, project_id, user_id, consumer_type_id, generation)
  values (gen_random_uuid()::text, 1, 1, 1, 1)
  returning id, uuid
), bumped as (
  update resource_providers p set generation = p.generation + b.by, updated_at = now()
  from unnest(array[:n]::integer[], array[1]) as b (id, by)
  where p.id = b.id
)
insert into allocations (consumer_id, resource_provider_id, resource_class_id, used)
select created.id, w.resource_provider_id, w.resource_class_id, w.used
from created, unnest(array[:n, :n, :n]::integer[], array[0, 1, 2], array[1, 512, 1])
  as w (resource_provider_id, resource_class_id, used);
commit;
