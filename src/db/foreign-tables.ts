import type pg from 'pg';

/** The tables that every version of our schema has. */
const TABLES = [
  'allocations',
  'consumer_types',
  'consumers',
  'inventories',
  'projects',
  'resource_classes',
  'resource_provider_aggregates',
  'resource_provider_traits',
  'resource_providers',
  'topology_changes',
  'topology_epoch',
  'traits',
  'users',
];

/**
 * Why we may not use a database without our migrations: it has tables with our names that belong to another program. It
 * writes nothing.
 *
 * @returns a sentence for the operator; null when the database has no such table
 */
export async function foreignTables(client: pg.ClientBase): Promise<string | null> {
  const { rows } = await client.query<{ database: string; schema: string; taken: string[]; alembic: boolean }>(
    `select current_database() as database, current_schema() as schema,
       array(select relname::text from pg_class
             where relnamespace = (select oid from pg_namespace where nspname = current_schema())
               and relkind in ('r', 'p', 'v', 'm', 'f') and relname = any($1::text[]) order by 1) as taken,
       to_regclass('alembic_version') is not null as alembic`,
    [TABLES],
  );
  const { database = '', schema = '', taken = [], alembic = false } = rows[0] ?? {};
  if (taken.length === 0) return null;
  const where = `The database ${database}${schema === 'public' ? '' : ` (schema ${schema})`}`;
  const remedy = 'Give Stockroom an empty database of its own';
  if (alembic && taken.includes('resource_providers')) {
    return (
      `${where} belongs to an OpenStack Placement. ${remedy}, and import the data with \`stockroom import --from\` and the URL of ` +
      'this database. Nothing was written.'
    );
  }
  const some = taken.slice(0, 5).join(', ') + (taken.length > 5 ? ` and ${taken.length - 5} more` : '');
  return `${where} has tables of another program under names that Stockroom needs: ${some}. ${remedy}. Nothing was written.`;
}
