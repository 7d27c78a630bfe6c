import assert from 'node:assert/strict';
import type pg from 'pg';
import { connect, createEmptyDatabase, createTestDatabase, dropTestDatabase, sql } from '../support/database.js';
import { cleanUp, startProcess, type RunningProcess } from '../support/process.js';
import { until } from '../support/until.js';

/** Of src/db/migrate.ts: its holder keeps others from migrating. */
const MIGRATION_LOCK = 7_786_225;

/** What a test holds so that a start or a reload cannot go on: the schema is checked first, then the topology is loaded. */
const HOLDS: Readonly<Record<string, string>> = {
  'the migrations': `select pg_advisory_xact_lock(${MIGRATION_LOCK})`,
  'the topology': 'lock table resource_providers in access exclusive mode',
};

async function waitsForLock(databaseUrl: string): Promise<boolean> {
  const waiting =
    "select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock' and application_name like 'stockroom%'";
  return (await sql(databaseUrl, waiting)).length > 0;
}

async function holding(databaseUrl: string, hold: string): Promise<pg.Client> {
  const holder = await connect(databaseUrl);
  await holder.query('begin');
  await holder.query(hold);
  return holder;
}

for (const workers of [1, 2]) {
  describe(`SIGHUP and SIGTERM with ${workers === 1 ? 'one process' : `${workers} workers`}`, () => {
    let databaseUrl: string;
    const start = (): RunningProcess =>
      startProcess(['--port', '0', '--workers', String(workers)], { OS_PLACEMENT_DATABASE__CONNECTION: databaseUrl });
    before(async () => {
      databaseUrl = await createTestDatabase();
    });
    after(async () => {
      await cleanUp();
      await dropTestDatabase(databaseUrl);
    });

    it('SIGHUPs that arrive during a reload come to one more reload', async () => {
      const run = start();
      await run.listening();
      const holder = await holding(databaseUrl, HOLDS['the migrations'] ?? '');
      run.signal('SIGHUP');
      await until('the first reload waits', () => waitsForLock(databaseUrl));
      for (let i = 0; i < 19; i++) {
        run.signal('SIGHUP');
        await new Promise((resolve) => setTimeout(resolve, 10));
      }
      await holder.end();
      const reloads = (): number => run.errors().match(/"reading the configuration again"/g)?.length ?? 0;
      const done = (): number => run.errors().match(/read again and is in force"/g)?.length ?? 0;
      await until('both reloads', () => done() === 2, 20_000);
      run.signal('SIGTERM');
      assert.equal(await run.ended(), 0);
      assert.equal(reloads(), 2);
    });

    for (const [what, hold] of Object.entries(HOLDS)) {
      it(`SIGTERM overtakes a reload that waits for ${what}, and those behind it`, async () => {
        const run = start();
        await run.listening();
        const holder = await holding(databaseUrl, hold);
        try {
          run.signal('SIGHUP');
          await until('the reload waits', () => waitsForLock(databaseUrl), 20_000);
          run.signal('SIGHUP');
          run.signal('SIGTERM');
          assert.equal(await run.ended(), 0);
        } finally {
          await holder.end();
        }
        assert.equal(run.errors().match(/"reading the configuration again"/g)?.length, 1);
        assert.doesNotMatch(run.errors(), /again and is in force|"level":"error"/);
      });

      it(`SIGTERM ends a start that waits for ${what}`, async () => {
        const holder = await holding(databaseUrl, hold);
        try {
          const run = start();
          await until('the start waits', () => waitsForLock(databaseUrl), 20_000);
          run.signal('SIGTERM');
          assert.equal(await run.ended(), 0);
          assert.equal(run.output(), '');
        } finally {
          await holder.end();
        }
      });
    }
  });
}

it('a SIGHUP that arrives during the start is not forgotten', async () => {
  const databaseUrl = await createEmptyDatabase();
  const holder = await holding(databaseUrl, HOLDS['the migrations'] ?? '');
  const run = startProcess(['--port', '0'], { OS_PLACEMENT_DATABASE__CONNECTION: databaseUrl });
  await until('the start waits', () => waitsForLock(databaseUrl), 20_000);
  run.signal('SIGHUP');
  await holder.end();
  await run.logged(/read again and is in force"/);
  run.signal('SIGTERM');
  assert.equal(await run.ended(), 0);
  await cleanUp();
  await dropTestDatabase(databaseUrl);
});
