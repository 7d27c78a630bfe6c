import assert from 'node:assert/strict';
import { openPool } from '../../src/db/database.js';
import type { Pool } from '../../src/db/pool.js';
import { withBriefTransaction } from '../../src/db/transaction.js';
import { defaultConfig } from '../../src/config.js';
import { prepareHistory, enforceRetention } from '../../src/history/retention.js';
import { createLog } from '../../src/ops/log.js';
import { connect, sql } from '../support/database.js';
import { changesPage, changesSince, historyNow } from '../support/history.js';
import { codeOf, createProvider, startTestService, type TestService } from '../support/service.js';
import { until } from '../support/until.js';

const DAY = 86_400_000;

describe('Retention of the history', () => {
  let test: TestService;
  let pool: Pool;
  before(async () => {
    test = await startTestService();
    pool = openPool(defaultConfig(), test.databaseUrl, createLog('silent'));
  });
  after(async () => {
    await pool.close();
    await test.close();
  });

  const partitions = async (): Promise<string[]> => {
    const rows = await sql<{ name: string }>(
      test.databaseUrl,
      "select inhrelid::regclass::text as name from pg_inherits where inhparent = 'history_changes'::regclass order by 1",
    );
    return rows.map(({ name }) => name);
  };
  const dayOf = (time: number): string => new Date(time).toISOString().slice(0, 10).replaceAll('-', '');

  it('makes partitions ahead, drops those that are too old, and then rejects cursors that are behind', async () => {
    const now = Date.now();
    // The net: nothing has made partitions yet.
    await createProvider(test.api, 'in the net');
    const old = await historyNow(test.api);
    await createProvider(test.api, 'in the net, too');
    await enforceRetention(pool, 30, new Date(now));
    const made = await partitions();
    assert.ok(
      !made.includes(`history_changes_${dayOf(now)}`),
      'a day of which the default partition has rows stays there',
    );
    assert.ok(made.includes(`history_changes_${dayOf(now + DAY)}`));
    assert.ok(made.includes(`history_changes_${dayOf(now + 7 * DAY)}`));
    await enforceRetention(pool, 30, new Date(now));
    assert.deepEqual(await partitions(), made, 'a second time there is nothing to do');
    assert.equal((await changesSince(test.api, old)).length, 1);

    // A change of today, marked.
    await historyNow(test.api);
    await enforceRetention(pool, 30, new Date(now + 40 * DAY));
    const left = await partitions();
    assert.ok(!left.includes(`history_changes_${dayOf(now + DAY)}`));
    assert.ok(left.includes(`history_changes_${dayOf(now + 47 * DAY)}`));
    assert.deepEqual(await sql(test.databaseUrl, 'select from history_changes'), []);
    const { body } = await test.api.get(`/stockroom/changes?since=${old}`).expect(410);
    assert.equal(codeOf(body), 'stockroom.changes.gone');
    const { oldest, now: present } = (body as { errors: [{ oldest: string; now: string }] }).errors[0];
    for (const cursor of [oldest, present])
      assert.deepEqual((await changesPage(test.api, `since=${cursor}`)).changes, []);
    await createProvider(test.api, 'afterwards');
    for (const cursor of [oldest, present, 'start'])
      assert.deepEqual(
        (await changesPage(test.api, `since=${cursor}`)).changes.map(({ after }) => after?.['name']),
        ['afterwards'],
      );
  });

  it('does not keep writers waiting: what it does not get a lock for is left for the next time', async () => {
    const writer = await connect(test.databaseUrl);
    await writer.query('begin');
    await writer.query("update resource_providers set name = 'open' where name = 'afterwards'");
    const later = new Date(Date.now() + 100 * DAY);
    const before = await partitions();
    await enforceRetention(pool, 1, later);
    assert.deepEqual(await partitions(), before, 'nothing is made or dropped beside a writer');
    // It gave up while the writer was still open. This is how long other writers stood behind it; `npm run bench:retention` measures it.
    const { rows } = await withBriefTransaction(pool, (transaction) =>
      transaction.query<{ lock_timeout: string }>({ text: 'show lock_timeout' }),
    );
    assert.deepEqual(rows, [{ lock_timeout: '50ms' }]);
    // Writers are served while it waits.
    await createProvider(test.api, 'meanwhile');
    await writer.query('rollback');
    await writer.end();
    await until('it is done without the writer', async () => {
      await enforceRetention(pool, 1, later);
      const left = await partitions();
      return !before.some((name) => /_\d{8}$/.test(name) && left.includes(name)) && left.length === before.length;
    });
    await createProvider(test.api, 'after the writer');
  });

  it('is switched off and on: no history while it is off, and another one afterwards', async () => {
    const since = await historyNow(test.api);
    await sql(test.databaseUrl, 'select history_disable()');
    await test.api.get('/stockroom/changes').expect(404);
    await createProvider(test.api, 'unrecorded');
    await sql(test.databaseUrl, 'select history_enable()');
    await test.api.get(`/stockroom/changes?since=${since}`).expect(410);
    await createProvider(test.api, 'recorded again');
    const names = (await changesSince(test.api, 'start')).map(({ after }) => after?.['name']);
    assert.deepEqual(names, ['recorded again']);
    // What was recorded before can be looked at.
    const { changes } = await changesPage(test.api, 'order=newest&kind=provider');
    assert.deepEqual(changes.map(({ after }) => after?.['name']).slice(0, 2), ['recorded again', 'after the writer']);
  });

  it('finds and keeps what came while no retention ran for days, and removes it when it is too old', async () => {
    // The partitions end today: changes of the next days go into the default partition.
    const present = await partitions();
    for (const name of present.filter((one) => /_\d{8}$/.test(one))) {
      await sql(test.databaseUrl, `drop table ${name}`);
      await sql(test.databaseUrl, `drop table ${name.replace('changes', 'requests')}`);
    }
    const since = await historyNow(test.api);
    const now = Date.now();
    const days = [40, 31, 29, 9, 1];
    for (const day of days) await createProvider(test.api, `${day} days ago`);
    await historyNow(test.api);
    for (const table of ['history_changes', 'history_requests'])
      await sql(
        test.databaseUrl,
        `update ${table} t set at = t.at - make_interval(days => split_part(c.after->>'name', ' ', 1)::integer)
         from history_changes c where c.xid = t.xid and c.after->>'name' like '% days ago'`,
      );
    const told = async (from: string): Promise<unknown[]> =>
      (await changesSince(test.api, from)).map(({ after, request }) => [after?.['name'], request?.route]);
    const expected = days.map((day) => [`${day} days ago`, 'POST /resource_providers']);
    assert.deepEqual(await told(since), expected);

    await prepareHistory(pool, 0, new Date(now + DAY));
    const made = await partitions();
    assert.ok(made.includes(`history_changes_${dayOf(now + DAY)}`), 'the present day has a partition at once');
    assert.ok(made.includes(`history_changes_${dayOf(now + 8 * DAY)}`));
    assert.deepEqual(await told(since), expected, 'all is kept');

    await prepareHistory(pool, 30, new Date(now));
    const { changes } = await changesPage(test.api, 'order=newest&kind=provider');
    const left = changes.map(({ after }) => String(after?.['name'])).filter((name) => name.endsWith('days ago'));
    assert.deepEqual(left, ['1 days ago', '9 days ago', '29 days ago']);
  });
});
