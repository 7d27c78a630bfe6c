/**
 * A change has its request: it travels in a setting of the transaction, from where the column's default takes it. So a write of one statement
 * stays one statement, without a row for the request. Claims that are written together have several requests: those are one row (docs/adr/0025).
 *
 * @param {import('knex').Knex} knex
 */
export async function up(knex) {
  await knex.raw(NOTED);
  await knex.raw(READ);
  await knex.raw(PARTITIONS);
}

const NOTED = `
  -- A list: request id, global request id, user, project, route, version, command. Null when nothing says who asked, and for claims that were
  -- written together.
  alter table history_changes add column request text;
  alter table history_changes alter column request set default nullif(current_setting('stockroom.request', true), '');

  -- The requests of claims that were written together: lists as above, each with the consumers of its claims. Rows of former versions have one
  -- request each.
  alter table history_requests add column requests jsonb;`;

const READ = `
  -- The list in what a change says of its request. Null when there is none: any session can set anything.
  create function history_noted_list(noted text) returns jsonb language plpgsql immutable strict as $$
    declare
      list jsonb;
    begin
      list := noted::jsonb;
      return case jsonb_typeof(list) when 'array' then list end;
    exception when data_exception or program_limit_exceeded then
      return null;
    end $$;

  -- The request that made a change: what the change says of it, its transaction and time, and the UUID of its consumer, if it has one.
  create function history_request_of(noted text, xid8, timestamptz, consumer_uuid text)
  returns table (request_id text, global_request_id text, user_id text, project_id text, route text, version text, command text)
  language sql stable as $$
    select e ->> 0, e ->> 1, e ->> 2, e ->> 3, e ->> 4, e ->> 5, e ->> 6
    from history_noted_list($1) e where e is not null
    union all
    select one.* from history_requests r cross join lateral (
      select r.request_id, r.global_request_id, r.user_id, r.project_id, r.route, r.version, r.command
      where r.requests is null and (r.consumers is null or $4 = any(r.consumers))
      union all
      select e ->> 0, e ->> 1, e ->> 2, e ->> 3, e ->> 4, e ->> 5, e ->> 6
      from jsonb_array_elements(r.requests) e where e -> 7 @> to_jsonb($4)
    ) one
    where $1 is null and r.xid = $2 and r.at = $3
  $$;`;

const PARTITIONS = `
  -- A row with the requests of thirty claims stays in one piece: compressing it costs the claims more than its bytes do.
  do $$
  declare
    child regclass;
  begin
    for child in select inhrelid from pg_inherits where inhparent = 'history_requests'::regclass loop
      execute format('alter table %s set (toast_tuple_target = 8160)', child);
    end loop;
  end $$;

  -- Makes the partitions of so many days that are missing; returns how many. A day of which the default partition has rows stays there:
  -- moving them would keep writers waiting.
  create or replace function history_make_partitions(first_day date, days integer) returns integer language plpgsql as $$
  declare
    parent text;
    child text;
    lower_end timestamptz;
    upper_end timestamptz;
    found boolean;
    made integer := 0;
  begin
    foreach parent in array array['history_changes', 'history_requests'] loop
      for i in 0 .. days - 1 loop
        child := parent || '_' || to_char(first_day + i, 'YYYYMMDD');
        continue when to_regclass(child) is not null;
        lower_end := (first_day + i)::timestamp at time zone 'UTC';
        upper_end := (first_day + i + 1)::timestamp at time zone 'UTC';
        execute format('select exists (select from %I where at >= $1 and at < $2)', parent || '_default')
          into found using lower_end, upper_end;
        continue when found;
        execute format('create table %I (like %I including all)', child, parent);
        if parent = 'history_requests' then
          execute format('alter table %I set (toast_tuple_target = 8160)', child);
        end if;
        execute format('alter table %I attach partition %I for values from (%L) to (%L)', parent, child, lower_end, upper_end);
        made := made + 1;
      end loop;
    end loop;
    return made;
  end $$;`;
