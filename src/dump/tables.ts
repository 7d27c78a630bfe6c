import type pg from 'pg';

/**
 * The tables of a dump. Each comes after the tables to which it refers.
 *
 * A dump does not have the journal of the topology (`topology_changes`, `topology_epoch`), whose transaction ids have no meaning in another
 * database; `list_locks`, which is about running processes; and the list of migrations, because the restore runs the migrations itself.
 */
export const DUMPED_TABLES = [
  'resource_classes',
  'traits',
  'projects',
  'users',
  'consumer_types',
  'resource_providers',
  'inventories',
  'resource_provider_traits',
  'resource_provider_aggregates',
  'consumers',
  'allocations',
  'list_jobs',
  'list_runs',
  'list_attempts',
  'list_messages',
  'history_epochs',
  'history_marks',
  'history_gone',
  'history_requests',
  'history_changes',
] as const;

export const LEFT_OUT = ['topology_changes', 'topology_epoch', 'list_locks', 'knex_migrations', 'knex_migrations_lock'];

/** A table with the columns that hold its rows. */
export interface Table {
  readonly name: string;
  readonly columns: readonly string[];
  /** The number of rows that the planner estimates. */
  readonly estimate: number;
}

/** Returns the tables of `names` that exist, in the given order. Takes no lock. */
export async function existingTables(client: pg.ClientBase, names: readonly string[]): Promise<string[]> {
  const { rows } = await client.query<{ name: string }>(
    `select name from unnest($1::text[]) with ordinality as wanted (name, place) where to_regclass(name) is not null order by place`,
    [names],
  );
  return rows.map(({ name }) => name);
}

/** Reads the tables of {@link DUMPED_TABLES} that exist. Older schemas have fewer. */
export async function readTables(client: pg.ClientBase): Promise<Table[]> {
  const { rows } = await client.query<Table>(
    `select wanted.name,
       array(select attname::text from pg_attribute
             where attrelid = to_regclass(wanted.name) and attnum > 0 and not attisdropped and attgenerated = ''
             order by attnum) as columns,
       (select coalesce(sum(greatest(c.reltuples, 0)), 0) from pg_class c
        where c.oid in (select relid from pg_partition_tree(to_regclass(wanted.name)) where isleaf))::float8 as estimate
     from unnest($1::text[]) with ordinality as wanted (name, place)
     where to_regclass(wanted.name) is not null
     order by place`,
    [DUMPED_TABLES],
  );
  return rows;
}

/** The position of a sequence. */
export interface Sequence {
  readonly name: string;
  /** The value as text, because a double may not hold it exactly. */
  readonly last: string;
  readonly called: boolean;
}

/** Reads the sequences. A snapshot does not include them. The dump reads them after the rows, so they are never lower than the ids of the rows. */
export async function readSequences(client: pg.ClientBase): Promise<Sequence[]> {
  const { rows } = await client.query<{ name: string }>(
    `select relname::text as name from pg_class
     where relkind = 'S' and relnamespace = (select relnamespace from pg_class where oid = to_regclass('topology_epoch'))
       and relname not like 'knex%' order by 1`,
  );
  const sequences: Sequence[] = [];
  for (const { name } of rows) {
    const { rows: values } = await client.query<{ last: string; called: boolean }>(
      `select last_value::text as last, is_called as called from ${quoted(name)}`,
    );
    sequences.push(...values.map((value) => ({ name, ...value })));
  }
  return sequences;
}

/** The days that have partitions of the history, `2026-11-27`. */
export async function readHistoryDays(client: pg.ClientBase): Promise<string[]> {
  const { rows } = await client.query<{ day: string }>(
    `select to_char(to_date(right(relname, 8), 'YYYYMMDD'), 'YYYY-MM-DD') as day
     from pg_class where oid in (select inhrelid from pg_inherits where inhparent = to_regclass('history_changes'))
       and relname ~ '_\\d{8}$' order by 1`,
  );
  return rows.map(({ day }) => day);
}

/** Whether changes are recorded; null when the schema has no history. */
export async function isHistoryOn(client: pg.ClientBase): Promise<boolean | null> {
  const { rows } = await client.query<{ on: boolean | null }>(
    `select case when to_regproc('history_enable') is not null then
       exists (select from pg_trigger where tgname like 'history\\_%' and tgrelid = to_regclass('allocations')) end as on`,
  );
  return rows[0]?.on ?? null;
}

export function quoted(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}
