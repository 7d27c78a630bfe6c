import assert from 'node:assert/strict';
import { migrateDatabase } from '../../src/db/migrate.js';
import { defaultConfig } from '../../src/config.js';
import { isUnavailable } from '../../src/db/failures.js';
import { createEmptyDatabase, dropTestDatabase, sql } from '../support/database.js';
import { cleanUp, startProcess } from '../support/process.js';
import { startProxy, type Proxy } from '../support/proxy.js';

/** What the service sends while it migrates an empty database, in this order. */
const STATEMENTS = [
  'show server_version_num',
  'pg_advisory_xact_lock',
  'to_regclass',
  'information_schema.tables',
  'create table "knex_migrations" ',
  'create table "knex_migrations_lock" ',
  'insert into "knex_migrations_lock"',
  'select "name" from "knex_migrations"',
  'BEGIN;',
  'create table resource_providers',
  'insert into "knex_migrations"',
  'COMMIT;',
  'insert into resource_classes',
  'insert into traits',
];

describe('the database that goes away during the migrations of a start', () => {
  let databaseUrl: string;
  let proxy: Proxy;
  beforeEach(async () => {
    databaseUrl = await createEmptyDatabase();
    proxy = await startProxy(databaseUrl);
  });
  afterEach(async () => {
    await cleanUp();
    await proxy.close();
    await dropTestDatabase(databaseUrl);
  });

  for (const statement of STATEMENTS) {
    for (const moment of ['cutBefore', 'cutAfter'] as const) {
      it(`is known to be away, and migrated when it is back: ${moment} ${statement}`, async () => {
        const wasCut = proxy[moment](statement).then(() => {
          proxy.cut();
        });
        await assert.rejects(migrateDatabase(defaultConfig(), proxy.url(databaseUrl)), (error: Error) => {
          assert.ok(isUnavailable(error), error.message);
          return true;
        });
        await wasCut;
        await migrateDatabase(defaultConfig(), proxy.url(databaseUrl));
        const tables = await sql(databaseUrl, "select from pg_tables where tablename = 'allocations'");
        assert.equal(tables.length, 1);
      });
    }
  }

  it('is known to be away when its server shuts down', async () => {
    const begun = proxy.sent('create table resource_providers').then(() => {
      proxy.hold();
    });
    const migrating = assert.rejects(migrateDatabase(defaultConfig(), proxy.url(databaseUrl)), isUnavailable);
    await begun;
    await sql(
      new URL('/postgres', databaseUrl).toString(),
      'select pg_terminate_backend(pid) from pg_stat_activity where datname = $1',
      [new URL(databaseUrl).pathname.slice(1)],
    );
    proxy.release();
    await migrating;
  });

  for (const statement of ['pg_advisory_xact_lock', 'create table resource_providers', 'insert into traits']) {
    it(`does not end the service: ${statement}`, async () => {
      const wasCut = proxy.cutAfter(statement).then(() => {
        proxy.cut();
      });
      const run = startProcess(['--port', '0'], { OS_PLACEMENT_DATABASE__CONNECTION: proxy.url(databaseUrl) });
      await wasCut;
      await run.printed(/cannot be used: .*Trying again in/);
      const { api } = await run.listening();
      await api.get('/resource_providers').expect(200);
      assert.doesNotMatch(run.errors(), /create table/, 'the log has no text of a migration');
      run.signal('SIGTERM');
      assert.equal(await run.ended(), 0);
    });
  }
});
