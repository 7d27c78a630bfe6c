/** The statements that fill the topology. Each is one statement, so it sees one snapshot. */

/**
 * The values that must not change while a watermark is valid: the time of the server's start, its WAL timeline, the database, the table
 * (a restore in place makes a new one) and a UUID that is changed after a restore. After a fail-over to a standby that had not received
 * everything, PostgreSQL reuses transaction ids, and only these values show it. (pg_control_checkpoint() still shows the old timeline
 * right after a promotion.) The system identifier would add nothing, because no two clusters start in the same microsecond, and
 * PostgreSQL reads a file each time it returns it. Null on a standby, which the service rejects.
 */
const EPOCH = `
  case when pg_is_in_recovery() then null else concat_ws('/',
    extract(epoch from pg_postmaster_start_time())::text,
    substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8),
    (select oid from pg_database where datname = current_database())::text,
    e.tableoid::text,
    e.uuid::text)
  end`;

/** The columns of `ProviderState`, for a provider `p`. */
const PROVIDER_STATE = `
  p.id, p.uuid, p.name, p.generation, p.parent_provider_id, p.root_provider_id,
  floor(extract(epoch from coalesce(p.updated_at, p.created_at)))::bigint,
  (select json_agg(json_build_array(i.resource_class_id, i.total, i.reserved, i.min_unit, i.max_unit, i.step_size,
                                    i.allocation_ratio, i.used,
                                    floor(extract(epoch from coalesce(i.updated_at, i.created_at)))::bigint)
                   order by i.resource_class_id)
     from inventories i where i.resource_provider_id = p.id),
  (select string_agg(t.trait_id::text, ',' order by t.trait_id)
     from resource_provider_traits t where t.resource_provider_id = p.id),
  (select string_agg(a.aggregate_uuid, ',' order by a.aggregate_uuid)
     from resource_provider_aggregates a where a.resource_provider_id = p.id)`;

const NAME_STATE = {
  resourceClass: `c.id, c.name, floor(extract(epoch from coalesce(c.updated_at, c.created_at)))::bigint`,
  trait: `c.id, c.name, floor(extract(epoch from c.created_at))::bigint`,
};

export const SELECT_WATERMARK = `
  select pg_current_snapshot()::text as snapshot, ${EPOCH} as epoch, e.pruned_below::text,
         current_setting('synchronous_commit') as synchronous_commit
  from topology_epoch e`;

export const SELECT_RESOURCE_CLASSES = `select json_build_array(${NAME_STATE.resourceClass})::text from resource_classes c order by c.id`;
export const SELECT_TRAITS = `select json_build_array(${NAME_STATE.trait})::text from traits c order by c.id`;

/** One page of the providers, in order of id. $1 is the first id, $2 the number of rows. */
export const SELECT_PROVIDERS = `
  select json_build_array(${PROVIDER_STATE})::text from resource_providers p where p.id >= $1 order by p.id limit $2`;

/** The rows of the journal that a snapshot, $1, could not see. */
const UNSEEN = `
    from topology_changes
    where xid >= pg_snapshot_xmin($1::pg_snapshot) and not pg_visible_in_snapshot(xid, $1::pg_snapshot)`;

/**
 * Asks whether there are changes since the last snapshot, $1. Nearly always there are none. Then this statement is the whole catch-up,
 * and it is far cheaper than a statement that can read every table. Because of the `order by`, the planner uses the index. With EXISTS
 * the planner expects to find a row soon, and reads the whole journal when it has no such row.
 */
export const ANY_NEWS = `
  select pg_current_snapshot()::text, ${EPOCH}, e.pruned_below::text,
    (select true ${UNSEEN} order by xid desc limit 1) is not null
  from topology_epoch e`;

/**
 * The catch-up. $1 is the last snapshot, $2 the most providers that it may return, and $3 the most rows of the journal that it may read,
 * or null for no limit. It returns the new snapshot, and the complete present state of every object in a change that the old snapshot
 * could not see; of projects it returns only the ids. When there are more providers than $2, it returns `many` and no providers. When
 * there are more rows than $3, it returns `many` and no objects at all. It finds the transactions that committed between the two
 * snapshots in any order of commits. A transaction that is rolled back leaves no rows. A change that is delivered twice does no harm.
 */
export const CATCH_UP = `
  with recent as materialized (
    -- In order, as above: with a limit the planner would read through the table.
    select kind, id ${UNSEEN} order by xid limit $3::bigint + 1
  ),
  noted as materialized (
    select distinct kind, id from recent where $3::bigint is null or (select count(*) from recent) <= $3::bigint
  ),
  -- After "everything" all is loaded in pages; the state of every single object would only be thrown away.
  changed as materialized (
    select kind, id from noted where kind = 0 or not exists (select from noted where kind = 0)
  )
  select pg_current_snapshot()::text, ${EPOCH}, e.pruned_below::text,
    exists (select from changed where kind = 0),
    (select json_agg(json_build_array(changed.id,
              (select json_build_array(${NAME_STATE.resourceClass}) from resource_classes c where c.id = changed.id)))
       from changed where kind = 3)::text,
    (select json_agg(json_build_array(changed.id,
              (select json_build_array(${NAME_STATE.trait}) from traits c where c.id = changed.id)))
       from changed where kind = 2)::text,
    (select json_agg(changed.id) from changed where kind = 4)::text,
    case when many.many then null else
      (select json_agg(json_build_array(changed.id,
                (select json_build_array(${PROVIDER_STATE}) from resource_providers p where p.id = changed.id))
                order by changed.id)
         from changed where kind = 1)
    end::text,
    many.many
  from topology_epoch e,
    (select count(*) > $2::int or (select count(*) from recent) > $3::bigint as many from changed where kind = 1) many`;

/** The ids of the providers in changes that a snapshot, $1, could not see. For a catch-up that is too large for one statement. */
export const CHANGED_PROVIDERS = `
  select coalesce(json_agg(changed.id), '[]')::text
  from (select distinct id ${UNSEEN} and kind = 1 order by id) changed`;

/** The state of providers by id. The state is null when the provider was deleted. */
export const SELECT_PROVIDERS_BY_ID = `
  select json_agg(json_build_array(wanted.id,
           (select json_build_array(${PROVIDER_STATE}) from resource_providers p where p.id = wanted.id)))::text
  from unnest($1::bigint[]) wanted (id)`;

/**
 * Removes the rows that a restored dump brought from another server, whose transaction ids this server has not reached yet: rows of the
 * journal, and the marks of the pruning. With such a mark every replica would load everything again for every read. The visible rows of
 * this server's own transactions are below the xmax of the snapshot, so the statement removes no row of this server.
 */
export const PURGE_STRANGERS = `
  with purged as (delete from topology_changes where xid >= pg_snapshot_xmax(pg_current_snapshot()))
  update topology_epoch
  set pruned_below = pg_snapshot_xmin(pg_current_snapshot()), mark = pg_snapshot_xmin(pg_current_snapshot()),
      marked_at = now()
  where pruned_below > pg_snapshot_xmax(pg_current_snapshot()) or mark > pg_snapshot_xmax(pg_current_snapshot())`;

/**
 * Prunes the journal. $1 is the number of seconds for which rows are kept. When the last mark is that old, the statement removes the
 * rows below it and sets a new mark. A replica that paused for longer finds `pruned_below` above its watermark and loads everything again.
 */
export const PRUNE = `
  with due as (
    update topology_epoch
    set pruned_below = mark, mark = pg_snapshot_xmin(pg_current_snapshot()), marked_at = now()
    where marked_at < now() - make_interval(secs => $1)
    returning pruned_below
  )
  delete from topology_changes using due where xid < due.pruned_below`;
