import { columnsOf } from './columns.js';
import { capacityOf, CLASSES, encoded, setsOf, treeWhere, type ListStatement } from './fragments.js';
import type { JobSettings } from '../model.js';

/**
 * The statement of all versions: the present inventories, and their earlier states from the history. The newest version of a key comes
 * first (docs/contract/inventory-lists.md#versions). PostgreSQL sorts all rows at once, on disk when there are many.
 */
export function allVersions(settings: JobSettings, source: string): ListStatement {
  const columns = columnsOf(settings);
  return {
    columns,
    values: [source, settings.filter?.prefix ?? ''],
    rows: `
      with recursive ${treeWhere(() => 'true')}, ${GONE}, ${CHANGES}, ${versions(setsOf(settings))}
      select ${columns.map(({ sql }) => sql).join(', ')}, p.root_name
      from (
        select *, row_number() over (partition by path collate "C", class collate "C" order by place desc) = 1 as is_latest
        from versions
        where starts_with(raw_path || class, $2)
      ) v
      cross join lateral (
        select v.uuid, v.name, v.generation, v.parent_uuid, v.root_uuid, v.root_name, v.path, v.raw_path, v.traits, v.aggregates
      ) p
      cross join lateral (
        select v.total, v.reserved, v.min_unit, v.max_unit, v.step_size, v.allocation_ratio, v.used, v.written_at as updated_at,
          null::timestamptz as created_at, case when v.total is not null then ${capacityOf('v')} end as capacity
      ) i
      cross join lateral (select v.class as name, v.class_path as path) c
      order by v.path collate "C", v.class collate "C", v.place desc`,
    count: `with recursive ${treeWhere(() => 'true')}, ${GONE}, ${COUNT}`,
  };
}

/**
 * The providers that were removed. A provider that was removed several times has a row for each removal, with its `seq`. Below a parent
 * that exists, a provider has the present path of the parent. When the kept history does not have the removal of a provider, its parent
 * is unknown, and the list shows the provider as a root.
 */
const GONE = `
  removed as (
    select g.id, g.seq, g.uuid, g.name, (
      select c.before ->> 'parent_provider_uuid' from history_changes c
      where c.provider_id = g.id and c.kind = 4 and c.after is null and c.seq < g.seq
      order by c.seq desc limit 1) as parent_uuid
    from history_gone g
    where g.what = 0
  ),
  nested as (
    select r.*, (
      select q.seq from history_gone q
      where q.what = 0 and q.uuid = r.parent_uuid and q.seq > r.seq
      order by q.seq limit 1) as parent_seq
    from removed r
  ),
  gone (id, seq, uuid, name, parent_uuid, root_uuid, root_name, path, raw_path) as (
    select n.id, n.seq, n.uuid, n.name, n.parent_uuid, coalesce(t.root_uuid, n.uuid), coalesce(t.root_name, n.name),
      coalesce(t.path, '') || ${encoded('n.name')} || '/', coalesce(t.raw_path, '') || n.name || '/'
    from nested n left join tree t on t.uuid = n.parent_uuid
    where t.uuid is not null or n.parent_seq is null
    union all
    select n.id, n.seq, n.uuid, n.name, n.parent_uuid, g.root_uuid, g.root_name,
      g.path || ${encoded('n.name')} || '/', g.raw_path || n.name || '/'
    from gone g
    join nested n on n.parent_seq = g.seq
    where not exists (select from tree t where t.uuid = n.parent_uuid)
  )`;

/**
 * Counts the versions without sorting the changes: one for each change, which includes the change to the present state, and one for each
 * inventory without a change in the history. The count is exact unless a transaction changed an inventory twice, or an inventory changed
 * while no history was kept.
 */
const COUNT = `
  places (id, raw_path) as (
    select id, raw_path from tree
    union all
    (select distinct on (id) id::integer, raw_path from gone order by id, seq desc)
  )
  select (
      select count(*) from places p join history_changes c on c.kind = 3 and c.provider_id = p.id
      where starts_with(p.raw_path || c.name, $2)
    ) + (
      select count(*) from tree p join inventories i on i.resource_provider_id = p.id join resource_classes k on k.id = i.resource_class_id
      where starts_with(p.raw_path || k.name, $2)
        and not exists (select from history_changes c where c.kind = 3 and c.provider_id = p.id and c.name = k.name)
    ) as count
  where $1::text is not null`;

/**
 * The change of each transaction to an inventory, and the state that the transaction before had left. `gone_seq` is null for a provider
 * that exists. For the last change of an inventory, `is_there` states whether the inventory exists now, and `is_present` whether it still
 * has the state after the change. (An import may use the id of a removed provider again. The history records the removal of inventories
 * with their provider after the removal of the provider.)
 */
const CHANGES = `
  folded as (
    select c.provider_id, c.name as class, c.at, max(c.seq) as seq,
      (array_agg(c.before order by c.seq))[1] as before, (array_agg(c.after order by c.seq desc))[1] as after
    from history_changes c
    where c.kind = 3
    group by c.provider_id, c.name, c.at, c.xid
  ),
  chained as (
    select f.*, o.gone_seq,
      lag(f.after) over of_inventory as left_before, row_number() over of_inventory = 1 as is_first,
      lead(f.seq) over of_inventory is null as is_last
    from folded f
    cross join lateral (
      select case
        when removed_later.seq is not null then removed_later.seq
        when not exists (select from resource_providers where id = f.provider_id)
          then (select max(seq) from history_gone where what = 0 and id = f.provider_id)
        end as gone_seq
      from (select min(seq) as seq from history_gone where what = 0 and id = f.provider_id and seq > f.seq) removed_later
    ) o
    where f.before is distinct from f.after
    window of_inventory as (partition by f.provider_id, o.gone_seq, f.class order by f.seq)
  ),
  changes as materialized (
    select c.*, i.total is not null as is_there, i.total is not null and c.after is not distinct from history_inventory_of(i) as is_present
    from chained c
    left join resource_classes k on k.name = c.class
    left join inventories i
      on c.is_last and c.gone_seq is null and i.resource_provider_id = c.provider_id and i.resource_class_id = k.id
  )`;

/**
 * The versions of inventories. `place` grows with time. When no change in the history leads to a state, the inventory got it while no
 * history was kept, or by TRUNCATE. Such a version has no time.
 *
 * @param sets the columns of {@link setsOf}, for a provider `t`
 */
function versions(sets: string): string {
  return `
  states as (
    select provider_id, gone_seq, class, 2 * seq as place, seq::text as id, after as state, at
    from changes where not is_present
    union all
    -- The state that a change found, where the change before had left another.
    select provider_id, gone_seq, class, 2 * seq - 1, seq || '.0', before, null
    from changes where case when is_first then before is not null else before is distinct from left_before end
    union all
    -- Removed while no history was kept.
    select provider_id, gone_seq, class, 2 * seq + 1, seq || '.2', null, null
    from changes where is_last and after is not null and not is_there
  ),
  present as (
    select t.*${sets}, c.name as class, c.path as class_path, i.total, i.reserved, i.min_unit, i.max_unit, i.step_size,
      i.allocation_ratio, i.used, coalesce(i.updated_at, i.created_at) as written_at, l.seq as last_seq,
      l.is_present
    from tree t
    join inventories i on i.resource_provider_id = t.id
    join ${CLASSES} c on c.id = i.resource_class_id
    left join changes l on l.provider_id = t.id and l.gone_seq is null and l.class = c.name and l.is_last
  ),
  named as (
    select s.*, p.uuid, p.name, p.parent_uuid, p.root_uuid, p.root_name, p.path, p.raw_path
    from states s
    join tree p on p.id = s.provider_id
    where s.gone_seq is null
    union all
    select s.*, p.uuid, p.name, p.parent_uuid, p.root_uuid, p.root_name, p.path, p.raw_path
    from states s
    join gone p on p.id = s.provider_id and p.seq = s.gone_seq
  ),
  versions as (
    select ${PROVIDER}, p.generation, p.traits, p.aggregates, p.class, p.class_path, p.total, p.reserved, p.min_unit, p.max_unit, p.step_size,
      p.allocation_ratio, p.used, p.written_at, 9223372036854775807 as place,
      case when p.last_seq is null then '0' when p.is_present then p.last_seq::text else p.last_seq || '.1' end as id,
      false as is_delete_marker
    from present p
    union all
    select ${PROVIDER}, null, null, null, p.class, coalesce(c.path, ${encoded('p.class')}), (p.state ->> 'total')::integer,
      (p.state ->> 'reserved')::integer, (p.state ->> 'min_unit')::integer, (p.state ->> 'max_unit')::integer,
      (p.state ->> 'step_size')::integer, (p.state ->> 'allocation_ratio')::float8, null, p.at, p.place, p.id, p.state is null
    from named p
    left join ${CLASSES} c on c.name = p.class
  )`;
}

const PROVIDER = 'p.uuid, p.name, p.parent_uuid, p.root_uuid, p.root_name, p.path, p.raw_path';
