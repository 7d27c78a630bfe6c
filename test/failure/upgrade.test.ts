import assert from 'node:assert/strict';
import { createEmptyDatabase, dropTestDatabase, sql } from '../support/database.js';
import { buildCommit, formerCommit, newestMigration } from '../support/former-version.js';
import { changesSince, historyNow } from '../support/history.js';
import { startLoad } from '../support/load.js';
import { cleanUp, startProcess } from '../support/process.js';

/** docs/explanation/upgrades.md */
describe('an upgrade', () => {
  let commit: string | null;
  let databaseUrl: string | undefined;
  before(async function () {
    commit = await formerCommit();
    if (commit === null) {
      this.test!.parent!.title += ' (the history of git does not have the former version)';
      this.skip();
    }
    databaseUrl = await createEmptyDatabase();
  });
  after(async () => {
    await cleanUp();
    if (databaseUrl !== undefined) await dropTestDatabase(databaseUrl);
  });

  it('applies the newest migration while the former version serves clients, and both serve them then', async () => {
    const env = {
      OS_PLACEMENT_DATABASE__CONNECTION: databaseUrl!,
      OS_OSLO_POLICY__ENFORCE_NEW_DEFAULTS: 'false',
      STOCKROOM_LOG_LEVEL: 'warn',
    };
    const applied = () =>
      sql<{ name: string }>(databaseUrl!, 'select name from knex_migrations order by id desc limit 1');
    const former = startProcess(['--port', '0'], env, await buildCommit(commit!));
    const atFormer = await former.listening();
    assert.notEqual((await applied())[0]?.name, newestMigration());
    const since = await historyNow(atFormer.api);
    const formerLoad = await startLoad(atFormer.api, atFormer.url, 3);
    await formerLoad.more(50);

    const present = startProcess(['--port', '0'], env);
    const atPresent = await present.listening();
    assert.equal((await applied())[0]?.name, newestMigration());
    const presentLoad = await startLoad(atPresent.api, atPresent.url, 3);
    await Promise.all([formerLoad.more(50), presentLoad.more(50)]);

    for (const load of [formerLoad, presentLoad]) {
      await load.stop();
      assert.deepEqual(load.wrong, []);
      assert.deepEqual(load.failures, []);
      await load.checkDatabase(databaseUrl!);
    }
    // Both have the changes of both, from a cursor of before.
    const [seenByFormer, seen] = await Promise.all(
      [atFormer, atPresent].map(async ({ api }) =>
        (await changesSince(api, since, 'limit=1000')).map(({ cursor }) => cursor),
      ),
    );
    assert.ok(seen!.length > 0);
    assert.deepEqual(seenByFormer, seen);
    for (const one of [former, present]) {
      one.signal('SIGTERM');
      assert.equal(await one.ended(), 0, one.errors());
    }
  });
});
