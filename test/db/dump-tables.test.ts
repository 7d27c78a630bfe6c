import assert from 'node:assert/strict';
import { DUMPED_TABLES, LEFT_OUT } from '../../src/dump/tables.js';
import { createTestDatabase, dropTestDatabase, sql } from '../support/database.js';

describe('the tables of a dump', () => {
  let url: string;
  before(async () => {
    url = await createTestDatabase();
  });
  after(() => dropTestDatabase(url));

  it('are all tables of the schema but those that are left out', async () => {
    const rows = await sql<{ name: string }>(
      url,
      `select relname::text as name from pg_class
       where relnamespace = 'public'::regnamespace and relkind in ('r', 'p') and not relispartition`,
    );
    assert.deepEqual(rows.map(({ name }) => name).sort(), [...DUMPED_TABLES, ...LEFT_OUT].sort());
  });

  it('come after those that they refer to', async () => {
    const keys = await sql<{ child: string; parent: string }>(
      url,
      `select conrelid::regclass::text as child, confrelid::regclass::text as parent from pg_constraint
       where contype = 'f' and conrelid <> confrelid and conparentid = 0`,
    );
    const place = (name: string): number => DUMPED_TABLES.findIndex((one) => one === name);
    for (const { child, parent } of keys) assert.ok(place(parent) < place(child), `${child} refers to ${parent}`);
    assert.ok(keys.length > 5);
  });
});
