import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import knexFactory, { type Knex } from 'knex';
import { createEmptyDatabase, dropTestDatabase, sql } from '../support/database.js';
import { ROOT } from '../support/process.js';

const MIGRATION = '20261126000010_inventory_lists.js';

/** Columns, constraints, indexes, triggers and functions of all but the tables of inventory lists. */
const CATALOG = `
  select 'column' as kind, c.table_name || '.' || c.column_name as name,
    concat_ws(' ', c.data_type, c.is_nullable, c.column_default, c.collation_name, c.identity_generation) as text
  from information_schema.columns c where c.table_schema = 'public'
  union all
  select 'constraint', conrelid::regclass || '.' || conname, pg_get_constraintdef(oid)
  from pg_constraint where connamespace = 'public'::regnamespace
  union all
  select 'index', tablename || '.' || indexname, indexdef from pg_indexes where schemaname = 'public'
  union all
  select 'trigger', tgrelid::regclass || '.' || tgname, pg_get_triggerdef(oid) from pg_trigger where not tgisinternal
  union all
  select 'function', proname, pg_get_functiondef(oid) from pg_proc where pronamespace = 'public'::regnamespace
  order by 1, 2`;

describe('the tables of inventory lists', () => {
  // Processes of the release before keep running on a database that this release has migrated.
  it('change nothing in the tables that the release before has', async () => {
    const databaseUrl = await createEmptyDatabase();
    const knex = knexFactory({ client: 'pg', connection: databaseUrl });
    const folder = path.join(ROOT, 'migrations');
    const run = async (name: string): Promise<void> => {
      const { up } = (await import(pathToFileURL(path.join(folder, name)).href)) as {
        up: (knex: Knex) => Promise<void>;
      };
      await up(knex);
    };
    const catalog = async () =>
      (await sql<{ name: string }>(databaseUrl, CATALOG)).filter(({ name }) => !name.startsWith('list_'));
    try {
      const names = readdirSync(folder).filter((name) => name.endsWith('.js'));
      for (const name of names.sort().filter((one) => one < MIGRATION)) await run(name);
      const before = await catalog();
      assert.ok(before.some(({ name }) => name === 'inventories.used'));
      await run(MIGRATION);
      const made = await sql(databaseUrl, `select from pg_tables where tablename like 'list\\_%'`);
      assert.equal(made.length, 5);
      assert.deepEqual(await catalog(), before);
    } finally {
      await knex.destroy();
      await dropTestDatabase(databaseUrl);
    }
  });
});
