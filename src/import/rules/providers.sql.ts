/** Makes providers, without their roots. When a name is missing, or an earlier provider has it, the new name contains the UUID. */
export const PROVIDER_RULES = `
  create temporary table import_providers as
  select p.id, p.uuid,
    case when p.turn = 1 then left(p.wanted, 200) else left(p.wanted, 163) || '-' || p.uuid end as name,
    coalesce(p.generation, 0) as generation,
    p.id as root_provider_id,
    case when parent.id <> p.id then parent.id end as parent_provider_id,
    p.created_at, p.updated_at
  from (
    select *, coalesce(name, uuid) as wanted, row_number() over (partition by coalesce(name, uuid) order by name is null, id) as turn
    from source_resource_providers
  ) p
  left join source_resource_providers parent on parent.id = p.parent_provider_id;
  create unique index on import_providers (id);
  create index on import_providers (parent_provider_id);
  analyze import_providers;

  insert into findings (kind, subject, detail)
  select case when s.name is null then 'provider_without_name' else 'duplicate_provider_name' end,
    format('provider %s', p.uuid), format('%s, now %s', coalesce(s.name, 'no name'), p.name)
  from import_providers p join source_resource_providers s using (id) where s.name is distinct from p.name order by p.id;

  insert into findings (kind, subject, detail)
  select 'name_differs_in_case', string_agg(name, ', ' order by id), null
  from import_providers group by lower(name) having count(*) > 1;

  insert into findings (kind, subject)
  select 'provider_without_generation', format('provider %s (%s)', uuid, name)
  from source_resource_providers where generation is null;

  insert into findings (kind, subject, detail)
  select 'missing_parent', format('provider %s (%s)', p.uuid, p.name), format('its parent is number %s', s.parent_provider_id)
  from import_providers p join source_resource_providers s using (id)
  where s.parent_provider_id is not null and p.parent_provider_id is null;

  insert into findings (kind, subject)
  select 'unusual_uuid', format('%s %s', kind, uuid) from (
    select 'provider' as kind, uuid from import_providers
    union all select 'aggregate', uuid from source_placement_aggregates) uuids
  where uuid !~ '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$';
`;

/** Reads the id and the parent of every provider from which no root can be reached: those in a cycle, and all below a cycle. */
export const OUTSIDE_OF_TREES = `
  with recursive reached (id) as (
    select id from import_providers where parent_provider_id is null
    union all
    select p.id from import_providers p join reached r on p.parent_provider_id = r.id
  )
  select id, parent_provider_id as parent from import_providers where id not in (select id from reached)`;

/** Breaks cycles. $1 are the providers that become roots, one of each cycle. */
export const BREAK_CYCLES = `
  with broken as (update import_providers set parent_provider_id = null where id = any ($1::integer[]) returning uuid, name)
  insert into findings (kind, subject) select 'parent_cycle', format('provider %s (%s) becomes a root', uuid, name) from broken`;

/** The import computes each root from the parents, and only compares it with the root in the source. */
export const ROOT_RULES = `
  with recursive tree (id, root) as (
    select id, id from import_providers where parent_provider_id is null
    union all
    select p.id, t.root from import_providers p join tree t on p.parent_provider_id = t.id
  )
  update import_providers p set root_provider_id = t.root from tree t where t.id = p.id and t.root <> p.id;

  insert into findings (kind, subject, detail)
  select case when s.root_provider_id is null then 'missing_root' else 'wrong_root' end, format('provider %s (%s)', p.uuid, p.name),
    format('%s, now %s (%s)', coalesce('number ' || s.root_provider_id, 'none'), root.uuid, root.name)
  from import_providers p
  join source_resource_providers s using (id)
  join import_providers root on root.id = p.root_provider_id
  where s.root_provider_id is distinct from p.root_provider_id
  order by p.id;
`;
