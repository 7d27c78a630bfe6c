/** $1 UUIDs and names of providers, $2 the same with UUIDs in their usual spelling. A UUID has precedence over a name. */
export const FIND_HOMES = `
  select distinct on (home) home, p.root_provider_id as root
  from unnest($1::text[], $2::text[]) as h (home, uuid)
  join resource_providers p on p.uuid = h.uuid or p.name = h.home
  order by home, p.uuid = h.uuid desc`;

/** $1 names of resource classes */
export const FIND_CLASSES = `select id, name from resource_classes where name = any($1::text[])`;

const SHARING = 'MISC_SHARES_VIA_AGGREGATE';

/**
 * Judges all consumers in one snapshot.
 *
 * $1, $2 live consumers and the roots of their homes; $3 other live consumers; $4 classes, null for all; $5 when the lists were taken; $6
 * the least age of consumers that are judged, in seconds; $7 consumer types, null for all; $8 whether consumers without a type are judged;
 * $9 the most entries of each list.
 *
 * It is one statement, so that the reported allocations and the generation are from the same snapshot. With two statements, a deletion
 * could remove allocations that were written between them.
 */
export const JUDGE = `
  with listed as materialized (
    select key, array_agg(distinct root) filter (where root is not null) as homes
    from unnest($1::text[], $2::integer[]) as given (key, root)
    group by key
  ), others as materialized (
    select distinct key from unnest($3::text[]) as given (key)
  ), sharing as materialized (
    select pt.resource_provider_id as id
    from resource_provider_traits pt join traits t on t.id = pt.trait_id
    where t.name = '${SHARING}'
  ), held as materialized (
    select a.consumer_id, max(coalesce(a.updated_at, a.created_at)) as written,
      bool_or($4::integer[] is null or a.resource_class_id = any($4::integer[])) as is_of_classes,
      array_agg(distinct p.root_provider_id) filter (where sharing.id is null) as roots
    from allocations a
    join resource_providers p on p.id = a.resource_provider_id
    left join sharing on sharing.id = p.id
    group by a.consumer_id
  ), consumer as materialized (
    select c.id, c.uuid, replace(lower(c.uuid), '-', '') as key, c.project_id, c.user_id, c.generation, t.name as type,
      greatest(held.written, c.created_at, c.updated_at) as written, held.is_of_classes, held.roots
    from consumers c
    join held on held.consumer_id = c.id
    left join consumer_types t on t.id = c.consumer_type_id
  ), judged as materialized (
    select consumer.*, listed.homes,
      listed.key is null and others.key is null as is_orphan,
      not consumer.roots <@ listed.homes as is_elsewhere,
      cardinality(consumer.roots) > 1 as is_doubled,
      case
        when consumer.written > least($5::timestamptz, now()) - make_interval(secs => $6::float8) then 'too_young'
        when not ($7::text[] is null or coalesce(consumer.type = any($7::text[]), false) or (consumer.type is null and $8::boolean))
          then 'other_type'
        when not consumer.is_of_classes then 'other_classes'
        else 'judged'
      end as verdict
    from consumer
    left join listed on listed.key = consumer.key
    left join others on others.key = consumer.key
  ), missing as materialized (
    select key from listed where not exists (select from consumer where consumer.key = listed.key)
  ), counted as (
    select count(*) filter (where verdict = 'judged')::integer as judged,
      count(*) filter (where verdict = 'too_young')::integer as too_young,
      count(*) filter (where verdict = 'other_type')::integer as other_type,
      count(*) filter (where verdict = 'other_classes')::integer as other_classes,
      count(*) filter (where verdict = 'judged' and is_orphan)::integer as orphans,
      count(*) filter (where verdict = 'judged' and is_elsewhere)::integer as elsewhere,
      count(*) filter (where verdict = 'judged' and is_doubled)::integer as doubled
    from judged
  )
  select counted.*,
    (select count(*)::integer from missing) as without_allocations,
    (select json_agg(key) from (select key from missing order by key limit $9) first)::text as missing_keys,
    (select json_agg(json_build_array(name, used))
     from (
       select class.name, sum(a.used)::float8 as used
       from judged j
       join allocations a on a.consumer_id = j.id
       join resource_classes class on class.id = a.resource_class_id
       where j.verdict = 'judged' and j.is_orphan
       group by class.id order by class.id
     ) sums)::text as held,
    ${entries('is_orphan')} as orphan_entries,
    ${entries('is_elsewhere')} as elsewhere_entries,
    ${entries('is_doubled')} as doubled_entries
  from counted`;

function entries(flag: string): string {
  return `(
      select json_agg(json_build_object(
        'id', j.id, 'consumer', j.uuid, 'type', j.type, 'project_id', projects.external_id, 'user_id', users.external_id,
        'consumer_generation', j.generation,
        'last_written', to_char(j.written at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"+00:00"'),
        'homes', (select json_agg(json_build_array(p.uuid, p.name) order by p.id)
                  from resource_providers p where p.id = any(j.homes)),
        'held', (select json_agg(json_build_array(p.uuid, p.name, root.name, class.name, a.used) order by p.id, class.id)
                 from allocations a
                 join resource_providers p on p.id = a.resource_provider_id
                 join resource_providers root on root.id = p.root_provider_id
                 join resource_classes class on class.id = a.resource_class_id
                 where a.consumer_id = j.id)) order by j.id)
      from (select * from judged where verdict = 'judged' and ${flag} order by id limit $9) j
      join projects on projects.id = j.project_id
      join users on users.id = j.user_id
    )::text`;
}

/**
 * The last requests that changed consumers. $1 are their ids, $2 their UUIDs. It returns no rows while no history is kept. It returns no
 * request from before the history was last switched on, because a later request may have changed the consumer while it was off.
 */
export const LAST_REQUESTS = `
  select asked.id::float8 as id, r.request_id as request
  from unnest($1::bigint[], $2::text[]) as asked (id, uuid)
  cross join lateral (
    select c.request, c.xid, c.at from history_changes c
    where c.consumer_id = asked.id and c.before is distinct from c.after and c.seq > (select sealed_below from history_epochs order by id desc limit 1)
    order by c.seq desc limit 1
  ) c
  cross join lateral history_request_of(c.request, c.xid, c.at, asked.uuid) r
  where r.request_id is not null
    and exists (select from pg_trigger where tgname = 'history_inserted' and tgrelid = 'allocations'::regclass)`;
