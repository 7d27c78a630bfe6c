/** Makes resource classes, with their numbers, traits and consumer types. */
export const NAME_RULES = `
  insert into findings (kind, subject, detail)
  select 'unusable_name', format('%s %s', kind, id), null from (
    select 'resource class' as kind, id, name from source_resource_classes
    union all select 'trait', id, name from source_traits
    union all select 'consumer type', id, name from source_consumer_types) names
  where coalesce(name, '') = '';

  -- A class keeps its number where that is free: 0 to 20 are those of the standard classes, which are found by name.
  create temporary table import_classes as
  select c.id as source_id, c.name, c.created_at, c.updated_at,
    case
      when s.id is not null then s.id
      when not exists (select from import_standard_classes t where t.id = c.id) then c.id
      else (select greatest(max(id), 9999) from source_resource_classes)
        + row_number() over (partition by s.id is null and exists (select from import_standard_classes t where t.id = c.id) order by c.id)
    end::integer as id
  from (select distinct on (name) * from source_resource_classes where name <> '' order by name, id) c
  left join import_standard_classes s on s.name = c.name;

  insert into findings (kind, subject, detail)
  select 'unknown_standard_class', c.name, format('number %s', c.id) from import_classes c
  where c.name not like 'CUSTOM\\_%' and not exists (select from import_standard_classes s where s.name = c.name);

  create temporary table import_traits as
  select id as source_id, name, coalesce(updated_at, created_at) as created_at from source_traits where name <> '';

  insert into findings (kind, subject)
  select 'unknown_standard_trait', t.name from import_traits t
  where t.name not like 'CUSTOM\\_%' and not exists (select from import_standard_traits s where s.name = t.name);

  create temporary table import_consumer_types as
  select id as source_id, name, created_at from source_consumer_types where name <> '';
`;
