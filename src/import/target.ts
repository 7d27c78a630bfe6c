import type pg from 'pg';
import { mayRunAgain } from '../db/failures.js';
import { STANDARD_RESOURCE_CLASSES } from '../standard/resource-classes.js';
import { STANDARD_TRAITS } from '../standard/traits.js';
import { ImportError } from './error.js';

/** The number of rows of a target, without the standard names that every database of Stockroom has. */
export type Holdings = Readonly<Record<(typeof HOLDINGS)[number][0], number>>;

const HOLDINGS = [
  ['resource providers', 'select count(*) from resource_providers'],
  ['inventories', 'select count(*) from inventories'],
  ['custom resource classes', 'select count(*) from resource_classes where name <> all ($1)'],
  ['custom traits', 'select count(*) from traits where name <> all ($2)'],
  ['consumers', 'select count(*) from consumers'],
  ['allocations', 'select count(*) from allocations'],
] as const;

const STANDARD = [STANDARD_RESOURCE_CLASSES, STANDARD_TRAITS];

/** All tables that an import writes, in the order in which services lock them (docs/adr/0003). */
const TABLES =
  'consumers, resource_providers, inventories, allocations, resource_provider_traits, resource_provider_aggregates, ' +
  'resource_classes, traits, projects, users, consumer_types';

const LOCK_TIMEOUT = '10s';

/** @returns null for a database that has no tables yet */
export async function holdingsOf(client: pg.ClientBase): Promise<Holdings | null> {
  const { rows: tables } = await client.query(
    "select from pg_tables where tablename = 'topology_epoch' and schemaname = any (current_schemas(false))",
  );
  if (tables.length === 0) return null;
  const { rows } = await client.query<string[]>({
    text: `select ${HOLDINGS.map(([, count]) => `(${count})`).join(', ')} from (select $1::text[], $2::text[]) as standard`,
    values: STANDARD,
    rowMode: 'array',
  });
  return Object.fromEntries(HOLDINGS.map(([name], index) => [name, Number(rows[0]?.[index])])) as Holdings;
}

export function isEmpty(holdings: Holdings | null): boolean {
  return holdings === null || Object.values(holdings).every((count) => count === 0);
}

export function holdingsText(holdings: Holdings): string {
  return Object.entries(holdings)
    .filter(([, count]) => count > 0)
    .map(([name, count]) => `${count.toLocaleString('en')} ${name}`)
    .join(', ');
}

export function rejection(holdings: Holdings): string {
  return (
    `The target is not empty: it holds ${holdingsText(holdings)}. Give an empty database, or --replace to remove all of that in the ` +
    'transaction of the import.'
  );
}

/**
 * Blocks writers until the end of the transaction. Readers are not blocked, and see the rows from before.
 *
 * @throws ImportError when writers do not finish in time
 */
export async function lockTarget(client: pg.ClientBase): Promise<void> {
  await client.query(`set local lock_timeout = '${LOCK_TIMEOUT}'`);
  try {
    await client.query(`lock table ${TABLES} in exclusive mode`);
  } catch (error) {
    // 55P03 is lock_not_available. PostgreSQL reports deadlock_detected when a writer and the import wait for each other.
    if ((error as { code?: string }).code !== '55P03' && !mayRunAgain(error)) throw error;
    throw new ImportError(
      `Something writes to the target and did not finish within ${LOCK_TIMEOUT}. Stop the services that use it, then import again.`,
      { cause: error },
    );
  }
}

/**
 * Removes the rows that an import writes. Projects, users and consumer types stay, because the service never removes them and shows them
 * only with consumers. It uses DELETE, because TRUNCATE would block readers.
 */
export async function emptyTarget(client: pg.ClientBase): Promise<void> {
  for (const table of ['allocations', 'consumers', 'inventories', 'resource_providers'])
    await client.query(`delete from ${table}`);
  await client.query('delete from resource_classes where name <> all ($1)', [STANDARD_RESOURCE_CLASSES]);
  await client.query('delete from traits where name <> all ($1)', [STANDARD_TRAITS]);
}
