/** Makes the inventories of providers. ASSOCIATION_RULES makes their traits and aggregates. */
export const INVENTORY_RULES = `
  insert into findings (kind, subject, detail)
  select case when p.id is null then 'inventory_without_provider' else 'inventory_without_class' end, format('inventory %s', i.id),
    format('of class %s on provider %s, total %s', coalesce(c.name, 'number ' || i.resource_class_id),
      coalesce(p.uuid, 'number ' || i.resource_provider_id), i.total)
  from source_inventories i
  left join import_providers p on p.id = i.resource_provider_id
  left join import_classes c on c.source_id = i.resource_class_id
  where p.id is null or c.id is null
  order by i.id;

  create temporary table import_inventories as
  select distinct on (i.resource_provider_id, c.id)
    i.id as source_id, i.resource_provider_id, c.id as resource_class_id,
    greatest(i.total, 1) as total,
    case when i.total < 1 then greatest(i.reserved, 1) else greatest(i.reserved, 0) end as reserved,
    greatest(i.min_unit, 1) as min_unit, greatest(i.max_unit, 1) as max_unit, greatest(i.step_size, 1) as step_size,
    case when i.allocation_ratio in ('NaN', 'Infinity', '-Infinity') then 0 else i.allocation_ratio end as allocation_ratio,
    false as made, i.created_at, i.updated_at
  from source_inventories i
  join import_providers p on p.id = i.resource_provider_id
  join import_classes c on c.source_id = i.resource_class_id
  order by i.resource_provider_id, c.id, (i.total::double precision - i.reserved) * i.allocation_ratio, i.id;
  create unique index on import_inventories (resource_provider_id, resource_class_id);
  analyze import_inventories;

  insert into findings (kind, subject, detail)
  select 'duplicate_inventory', format('inventory %s', s.id), format('of %s on provider %s, total %s', c.name, p.uuid, s.total)
  from source_inventories s
  join import_providers p on p.id = s.resource_provider_id
  join import_classes c on c.source_id = s.resource_class_id
  where not exists (select from import_inventories i
                    where (i.resource_provider_id, i.resource_class_id) = (p.id, c.id) and i.source_id = s.id);

  insert into findings (kind, subject, detail)
  select 'inventory_out_of_range', format('%s on provider %s', c.name, p.uuid),
    format('total %s, reserved %s, min_unit %s, max_unit %s, step_size %s, allocation_ratio %s',
           s.total, s.reserved, s.min_unit, s.max_unit, s.step_size, s.allocation_ratio)
  from import_inventories i
  join source_inventories s on s.id = i.source_id and s.resource_provider_id = i.resource_provider_id
  join import_providers p on p.id = i.resource_provider_id
  join import_classes c on c.id = i.resource_class_id
  where (s.total, s.reserved, s.min_unit, s.max_unit, s.step_size, s.allocation_ratio) is distinct from
        (i.total, i.reserved, i.min_unit, i.max_unit, i.step_size, i.allocation_ratio);
`;

export const ASSOCIATION_RULES = `
  insert into findings (kind, subject, detail)
  select 'trait_of_missing_provider',
    format('trait %s', coalesce(t.name, 'number ' || s.trait_id)), format('of provider %s', coalesce(p.uuid, 'number ' || s.resource_provider_id))
  from source_resource_provider_traits s
  left join import_providers p on p.id = s.resource_provider_id
  left join import_traits t on t.source_id = s.trait_id
  where p.id is null or t.source_id is null;

  create temporary table import_provider_traits as
  select s.resource_provider_id, t.name, min(s.created_at) as created_at
  from source_resource_provider_traits s
  join import_providers p on p.id = s.resource_provider_id
  join import_traits t on t.source_id = s.trait_id
  group by 1, 2;
  analyze import_provider_traits;

  insert into findings (kind, subject, detail)
  select 'aggregate_of_missing_provider',
    format('aggregate %s', coalesce(a.uuid, 'number ' || s.aggregate_id)), format('of provider %s', coalesce(p.uuid, 'number ' || s.resource_provider_id))
  from source_resource_provider_aggregates s
  left join import_providers p on p.id = s.resource_provider_id
  left join source_placement_aggregates a on a.id = s.aggregate_id
  where p.id is null or a.uuid is null;

  insert into findings (kind, subject)
  select 'empty_aggregate', format('aggregate %s', coalesce(a.uuid, 'number ' || a.id))
  from source_placement_aggregates a
  where not exists (select from source_resource_provider_aggregates s where s.aggregate_id = a.id);

  create temporary table import_provider_aggregates as
  select s.resource_provider_id, a.uuid as aggregate_uuid, min(s.created_at) as created_at
  from source_resource_provider_aggregates s
  join import_providers p on p.id = s.resource_provider_id
  join source_placement_aggregates a on a.id = s.aggregate_id
  where a.uuid is not null
  group by 1, 2;
  analyze import_provider_aggregates;
`;
