import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import knexFactory, { type Knex } from 'knex';
import { defaultConfig } from '../../src/config.js';
import { databaseSchema, migrateDatabase } from '../../src/db/migrate.js';
import { createEmptyDatabase, createTestDatabase, dropTestDatabase, sql } from '../support/database.js';
import { changesSince, historyNow } from '../support/history.js';
import { startLoad } from '../support/load.js';
import { startTestService } from '../support/service.js';

const MIGRATIONS = new URL('../../migrations/', import.meta.url);

/** A database as a version with all migrations but the newest leaves it. Returns its URL. */
async function databaseBeforeTheNewest(): Promise<string> {
  const url = await createEmptyDatabase();
  const names = readdirSync(MIGRATIONS)
    .filter((name) => name.endsWith('.js'))
    .sort();
  const knex = knexFactory({
    client: 'pg',
    connection: url,
    pool: { min: 0, max: 1 },
    migrations: {
      migrationSource: {
        getMigrations: () => Promise.resolve(names.slice(0, -1)),
        getMigrationName: (name: string) => name,
        getMigration: async (name: string) => {
          const { up } = (await import(new URL(name, MIGRATIONS).href)) as Pick<Knex.Migration, 'up'>;
          return { up, down: () => Promise.reject(new Error('there is no way back')) };
        },
      },
    },
  });
  await knex.migrate.latest();
  await knex.destroy();
  // What a start adds beside migrations: the standard names, as they are in a database that is up to date.
  const migrated = await createTestDatabase();
  for (const [table, columns] of [
    ['resource_classes', 'id, name'],
    ['traits', 'name'],
  ] as const) {
    const rows = await sql(migrated, `select ${columns} from ${table}`);
    await sql(
      url,
      `insert into ${table} (${columns}) select ${columns} from json_populate_recordset(null::${table}, $1) on conflict do nothing`,
      [JSON.stringify(rows)],
    );
  }
  await dropTestDatabase(migrated);
  return url;
}

describe('the newest migration', () => {
  it('is applied while a service serves clients on the schema before it', async () => {
    const databaseUrl = await databaseBeforeTheNewest();
    const { pending } = await databaseSchema(defaultConfig(), databaseUrl);
    assert.equal(pending.length, 1);
    const service = await startTestService({ databaseUrl });
    const since = await historyNow(service.api);
    const load = await startLoad(service.api, service.url, 3);
    await load.more(50);
    assert.deepEqual(await migrateDatabase(defaultConfig(), databaseUrl), pending);
    await load.more(50);
    await load.stop();
    assert.deepEqual(load.wrong, []);
    assert.deepEqual(load.failures, []);
    await load.checkDatabase(databaseUrl);
    assert.ok((await changesSince(service.api, since, 'limit=1000')).length > 0, 'a cursor from before it is good');
    await service.close();
    await dropTestDatabase(databaseUrl);
  });
});
