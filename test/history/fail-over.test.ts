import assert from 'node:assert/strict';
import { defaultConfig } from '../../src/config.js';
import { migrateDatabase } from '../../src/db/migrate.js';
import { removeClusters, startCluster } from '../support/cluster.js';
import { sql } from '../support/database.js';
import { changesPage, changesSince, historyNow } from '../support/history.js';
import { codeOf, createProvider, startTestService } from '../support/service.js';

describe('The history of another database', () => {
  after(removeClusters);

  it('rejects cursors from after the dump that was put back in its place', async () => {
    const test = await startTestService();
    await historyNow(test.api);
    await createProvider(test.api, 'kept');
    const since = await historyNow(test.api);
    // As pg_restore --clean leaves it: the same rows in tables that were made again.
    await sql(
      test.databaseUrl,
      `alter table history_marks rename to dumped;
       create table history_marks (like dumped including all);
       insert into history_marks select * from dumped;
       drop table dumped`,
    );
    const { body } = await test.api.get(`/stockroom/changes?since=${since}`).expect(410);
    assert.equal(codeOf(body), 'stockroom.changes.gone');
    await test.close();
  });

  it('rejects cursors of another restoration of the same backup', async () => {
    const test = await startTestService();
    const newCursor = async (name: string): Promise<string> => {
      await createProvider(test.api, name);
      return historyNow(test.api);
    };
    await newCursor('kept');
    await sql(
      test.databaseUrl,
      'create table epochs_then as table history_epochs; create table marks_then as table history_marks',
    );
    const restore = () =>
      sql(
        test.databaseUrl,
        `delete from history_epochs; insert into history_epochs select * from epochs_then;
         delete from history_marks; insert into history_marks select * from marks_then;
         update topology_epoch set uuid = gen_random_uuid()`,
      );
    await restore();
    const ofFirst = await newCursor('after the first');
    await restore();
    const ofSecond = await newCursor('after the second');
    assert.equal(ofSecond.split('.')[0], ofFirst.split('.')[0], 'both histories have the same number');
    for (const name of ['more', 'and more']) await newCursor(name);
    const { body } = await test.api.get(`/stockroom/changes?since=${ofFirst}`).expect(410);
    assert.equal(codeOf(body), 'stockroom.changes.gone');
    assert.deepEqual(
      (await changesSince(test.api, ofSecond)).map(({ after }) => after?.['name']),
      ['more', 'and more'],
    );
    await test.close();
  });

  it('goes on after a crash of the server, and rejects cursors after a fail-over that lost commits', async () => {
    const primary = await startCluster();
    await migrateDatabase(defaultConfig(), primary.url);
    const before = await startTestService({ databaseUrl: primary.url });
    const since = await historyNow(before.api);
    await createProvider(before.api, 'kept');
    const standby = await primary.standby();
    await primary.followedBy(standby);
    await standby.stopReceiving();
    await createProvider(before.api, 'lost');
    const { next } = await changesPage(before.api, `since=${since}`);
    await before.close();

    await primary.stop('immediate');
    await primary.start();
    const restarted = await startTestService({ databaseUrl: primary.url });
    await createProvider(restarted.api, 'after the crash');
    const names = (await changesSince(restarted.api, next)).map(({ after }) => after?.['name']);
    assert.deepEqual(names, ['after the crash']);
    await restarted.close();
    await primary.stop('fast');

    await standby.promote();
    const promoted = await startTestService({ databaseUrl: standby.url });
    const { body } = await promoted.api.get(`/stockroom/changes?since=${next}`).expect(410);
    assert.equal(codeOf(body), 'stockroom.changes.gone');
    const { now } = (body as { errors: [{ now: string }] }).errors[0];
    await createProvider(promoted.api, 'of the new history');
    assert.deepEqual(
      (await changesSince(promoted.api, now)).map(({ after }) => after?.['name']),
      ['of the new history'],
    );
    // What the former history has can be looked at, and what was lost is not in it.
    const { changes } = await changesPage(promoted.api, 'order=newest');
    assert.deepEqual(
      changes.map(({ after }) => after?.['name']),
      ['of the new history', 'kept'],
    );
    await promoted.close();
  });

  it('rejects cursors of what a recovery to a point in time has lost, and goes on from its own', async () => {
    const primary = await startCluster();
    await migrateDatabase(defaultConfig(), primary.url);
    const before = await startTestService({ databaseUrl: primary.url });
    const since = await historyNow(before.api);
    await createProvider(before.api, 'in the backup');
    const backup = await primary.backup();
    await createProvider(before.api, 'recovered');
    await sql(primary.url, `select pg_create_restore_point('before the accident')`);
    await createProvider(before.api, 'lost');
    const { next } = await changesPage(before.api, `since=${since}`);
    await before.close();
    const restored = await backup.restoreTo('before the accident');

    const after = await startTestService({ databaseUrl: restored.url });
    for (const cursor of [next, since]) {
      const { body } = await after.api.get(`/stockroom/changes?since=${cursor}`).expect(410);
      assert.equal(codeOf(body), 'stockroom.changes.gone');
    }
    const now = await historyNow(after.api);
    // As many changes as were lost: the numbers of marks and changes are the same again.
    await createProvider(after.api, 'another');
    await after.api.get(`/stockroom/changes?since=${next}`).expect(410);
    assert.deepEqual(
      (await changesSince(after.api, now)).map(({ after: state }) => state?.['name']),
      ['another'],
    );
    const { changes } = await changesPage(after.api, 'order=newest&kind=provider');
    assert.deepEqual(
      changes.map(({ after: state }) => state?.['name']),
      ['another', 'recovered', 'in the backup'],
    );
    await after.close();
  });
});
