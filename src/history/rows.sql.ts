/** The statements that read changes. */

/** The filters of a statement. Their parameters are numbered from $6 on, in this order. */
export interface Limits {
  readonly kinds: boolean;
  readonly providers: boolean;
  readonly consumers: boolean;
  readonly request: boolean;
}

export type Direction = 'oldest' | 'newest';

/**
 * Reads the changes of batches: $1 is the first batch, $2 the last, $3 and $4 the position where reading begins (mark and sequence number;
 * the change at this position is not read), $5 the number of changes. The same statement checks the marks. It returns no row when a mark is
 * not kept any more, and a row with `seq` null when the batches have no changes. Changes of former histories are sealed below $6.
 */
export function batchesStatement(limits: Limits, order: Direction, one: boolean): string {
  const direction = order === 'oldest' ? 'asc' : 'desc';
  const mark = one
    ? 'select $1::bigint as mark'
    : // The first mark whose snapshot sees the transaction. The xmax of marks only grows.
      `select k.id as mark from history_marks k
       where k.id >= $1 and pg_snapshot_xmax(k.snapshot) > c.xid and pg_visible_in_snapshot(c.xid, k.snapshot)
       order by pg_snapshot_xmax(k.snapshot), k.id limit 1`;
  return `
  with bounds as materialized (
    select prev.snapshot as prev, last.snapshot as last
    from history_marks prev, history_marks last where prev.id = $1::bigint - 1 and last.id = $2
  ),
  c as materialized (
    select c.*, m.mark
    from bounds b cross join lateral (
      select c.seq, c.xid, c.at, c.kind, c.provider_id, c.consumer_id, c.name, c.before, c.after, c.by, c.request
      from history_changes c
      where c.xid >= pg_snapshot_xmin(b.prev) and c.xid < pg_snapshot_xmax(b.last)
        and pg_visible_in_snapshot(c.xid, b.last) and not pg_visible_in_snapshot(c.xid, b.prev)
        and c.seq > $6 ${conditions(limits, 7)}
    ) c
    cross join lateral (${mark}) m
    where ${order === 'oldest' ? '(m.mark, c.seq) > ($3::bigint, $4::bigint)' : '(m.mark, c.seq) < ($3::bigint, $4::bigint)'}
      and not ${LATER}
    order by m.mark ${direction}, c.seq ${direction} limit $5
  )
  select ${COLUMNS}
  from bounds left join c on true ${DETAILS}
  order by c.mark ${direction}, c.seq ${direction}`;
}

/** Reads changes of former histories, newest first: those with sequence numbers below $1, from $2 on, at most $3. */
export function sealedStatement(limits: Limits): string {
  return `
  with c as materialized (
    select c.*, 0::bigint as mark from history_changes c
    where c.seq < $1 and c.seq >= $2 ${conditions(limits, 4)} and not ${LATER}
    order by c.seq desc limit $3
  )
  select ${COLUMNS} from c ${DETAILS}
  order by c.seq desc`;
}

/**
 * TRUNCATE is a change of every object. Changes of that kind have a separate index. Without it, PostgreSQL has no index for the `or`, and
 * reads all changes between the marks.
 */
function conditions(limits: Limits, first: number): string {
  let next = first;
  const any = [
    limits.kinds ? `c.kind = any($${next++}::smallint[])` : null,
    limits.providers ? `c.provider_id = any($${next++}::integer[])` : null,
    limits.consumers ? `c.consumer_id = any($${next++}::bigint[])` : null,
  ].filter((condition) => condition !== null);
  const texts = any.length === 0 ? [] : [`((${any.join(' and ')}) or c.kind = 0)`];
  if (limits.request) {
    // The same condition as in history_request_of(). But PostgreSQL looks up the UUID of the consumer only for transactions of the request.
    const uuid = 'history_consumer_uuid(c.consumer_id, c.seq)';
    texts.push(`case when c.request is not null then exists (
      select from history_noted_list(c.request) e where $${next} in (e ->> 0, e ->> 1))
      else exists (
      select from history_requests r
      where r.xid = c.xid and r.at = c.at and case
        when r.requests is null then
          $${next} in (r.request_id, r.global_request_id) and (r.consumers is null or ${uuid} = any(r.consumers))
        else exists (
          select from jsonb_array_elements(r.requests) e
          where $${next} in (e ->> 0, e ->> 1) and e -> 7 @> to_jsonb(${uuid})) end) end`);
  }
  return texts.map((text) => `and ${text}`).join(' ');
}

/** Selects the rows of the same object and transaction. It is a `case`, so that PostgreSQL uses the right index for each kind. */
function ofSameObject(select: (rows: string) => string, condition: string): string {
  const rows = `history_changes o where o.xid = c.xid and o.at = c.at and o.kind = c.kind and ${condition}`;
  return `case
    when c.kind in (1, 2) then
      ${select(`${rows} and o.consumer_id = c.consumer_id and o.provider_id is not distinct from c.provider_id`)}
    when c.kind between 3 and 6 then
      ${select(`${rows} and o.provider_id = c.provider_id and o.name is not distinct from c.name`)}
  end`;
}

/**
 * Whether a later statement of the transaction changed the object again. The stream shows the changes of these statements together, at
 * the position of the last one.
 */
const LATER = `coalesce(${ofSameObject((rows) => `exists (select from ${rows})`, 'o.seq > c.seq')}, false)`;

const STEPS = ofSameObject(
  (rows) => `(select jsonb_agg(jsonb_build_array(o.before, o.after) order by o.seq) from ${rows})`,
  'o.seq <= c.seq',
);

const COLUMNS = `
  c.mark::float8 as mark, c.seq::float8 as seq, c.xid::text as transaction, c.kind, c.name, c.by,
  to_char(c.at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"+00:00"') as at,
  coalesce(${STEPS}, jsonb_build_array(jsonb_build_array(c.before, c.after))) as steps,
  c.provider_id as "providerId", provider.uuid as "providerUuid", provider.name as "providerName",
  c.consumer_id::text as "consumerId", consumer.uuid as "consumerUuid",
  (select external_id from projects where id = consumer.project_id) as "consumerProject",
  (select external_id from users where id = consumer.user_id) as "consumerUser",
  (select name from consumer_types where id = consumer.consumer_type_id) as "consumerType",
  r.request_id as "requestId", r.global_request_id as "globalRequestId", r.user_id as "userId", r.project_id as "projectId",
  r.route, r.version, r.command`;

/** An import may reuse an id. So the name is that of an object that was removed after the change, or else that of the present object. */
const DETAILS = `
  left join lateral (
    select uuid, name from (
      (select 1 as place, uuid, name from history_gone where what = 0 and id = c.provider_id and seq > c.seq order by seq limit 1)
      union all
      select 2, uuid, name from resource_providers where id = c.provider_id
      union all
      (select 3, uuid, name from history_gone where what = 0 and id = c.provider_id order by seq desc limit 1)
    ) any_of order by place limit 1
  ) provider on true
  left join lateral (
    select uuid, project_id, user_id, consumer_type_id from (
      (select 1 as place, uuid, project_id, user_id, consumer_type_id from history_gone
       where what = 1 and id = c.consumer_id and seq > c.seq order by seq limit 1)
      union all
      select 2, uuid, project_id, user_id, consumer_type_id from consumers where id = c.consumer_id
      union all
      (select 3, uuid, project_id, user_id, consumer_type_id from history_gone
       where what = 1 and id = c.consumer_id order by seq desc limit 1)
    ) any_of order by place limit 1
  ) consumer on true
  left join lateral (select * from history_request_of(c.request, c.xid, c.at, consumer.uuid) limit 1) r on true`;

/** The id of a provider, and the ids of removed providers with the same UUID, $1. */
export const PROVIDER_IDS = `
  select id::integer from resource_providers where uuid = $1 union select id::integer from history_gone where what = 0 and uuid = $1`;

/** The id of a consumer, and the ids of removed consumers with the same UUID, $1. */
export const CONSUMER_IDS = `
  select id::text from consumers where uuid = $1 union select id::text from history_gone where what = 1 and uuid = $1`;
