import type pg from 'pg';
import { STANDARD_RESOURCE_CLASSES } from '../standard/resource-classes.js';
import { STANDARD_TRAITS } from '../standard/traits.js';
import { DUMPED_TABLES, existingTables, quoted } from './tables.js';

/** These tables do not count, because every database with a history has an epoch and a mark. */
const BEGINNINGS: readonly string[] = ['history_epochs', 'history_marks'];

/** Returns the tables with more rows than in a new database of Stockroom, and the number of these rows. */
export async function holdingsOf(client: pg.ClientBase): Promise<{ readonly table: string; readonly rows: number }[]> {
  const tables = await existingTables(
    client,
    DUMPED_TABLES.filter((name) => !BEGINNINGS.includes(name)),
  );
  const holdings: { table: string; rows: number }[] = [];
  for (const name of tables) {
    const standard =
      name === 'traits' ? STANDARD_TRAITS : name === 'resource_classes' ? STANDARD_RESOURCE_CLASSES : null;
    const { rows } = await client.query<{ count: number }>(
      `select count(*)::float8 as count from ${quoted(name)} ${standard === null ? '' : 'where name <> all ($1)'}`,
      standard === null ? [] : [standard],
    );
    const count = rows[0]?.count ?? 0;
    if (count > 0) holdings.push({ table: name, rows: count });
  }
  return holdings;
}

/** Returns the process ids of the PostgreSQL backends of other sessions of Stockroom. */
export async function otherSessions(client: pg.ClientBase): Promise<number[]> {
  const { rows } = await client.query<{ pid: number }>(
    `select pid from pg_stat_activity
     where datname = current_database() and pid <> pg_backend_pid() and application_name like 'stockroom%' order by pid`,
  );
  return rows.map(({ pid }) => pid);
}
