import assert from 'node:assert/strict';
import { defaultConfig } from '../../src/config.js';
import { openPool } from '../../src/db/database.js';
import type { Pool } from '../../src/db/pool.js';
import type { ChangesPage } from '../../src/history/model.js';
import { createHistoryReader, type HistoryReader } from '../../src/history/reader.js';
import { createLog } from '../../src/ops/log.js';
import { changesPage, historyNow } from '../support/history.js';
import { createProvider, startTestService, type TestService } from '../support/service.js';
import { until } from '../support/until.js';

const READERS = 500;
const POLL_MS = 250;

describe('500 requests that wait for changes', () => {
  let test: TestService;
  let pool: Pool;
  let reader: HistoryReader;
  let borrowed = 0;
  before(async () => {
    test = await startTestService();
    pool = openPool(defaultConfig(), test.databaseUrl, createLog('silent'));
  });
  beforeEach(() => {
    const counted = Object.create(pool, {
      borrow: {
        value: () => {
          borrowed++;
          return pool.borrow();
        },
      },
    }) as Pool;
    reader = createHistoryReader(counted, () => false);
  });
  after(async () => {
    await pool.close();
    await test.close();
  });

  const filter = { kinds: null, provider: null, consumer: null, request: null };
  async function startReaders(isGone = (): boolean => false): Promise<Promise<ChangesPage>[]> {
    const [history = 0, mark = 0, seq = 0] = (await historyNow(test.api)).split('.').map(Number);
    const question = { filter, limit: 100, since: { history, mark, seq }, wait: 60_000 };
    const pages = Array.from({ length: READERS }, () => reader.follow(question, isGone));
    await until('all wait', () => reader.waiting() === READERS, 30_000);
    return pages;
  }

  it('cost one query every 250 ms, and one change wakes all', async () => {
    const pages = await startReaders();
    const start = performance.now();
    borrowed = 0;
    await until('it has asked a few times', () => borrowed >= 3);
    const queries = borrowed;
    const most = (performance.now() - start) / POLL_MS + 2;
    assert.ok(queries <= most, `${queries} queries, at most ${most}`);
    assert.equal(reader.waiting(), READERS);
    await createProvider(test.api, 'awaited');
    for (const { changes } of await Promise.all(pages))
      assert.deepEqual(
        changes.map(({ provider }) => provider?.name),
        ['awaited'],
      );
  });

  it('get what they have when the service ends, with a cursor that stays good', async () => {
    const pages = await startReaders();
    reader.close();
    const found = await Promise.all(pages);
    assert.equal(reader.waiting(), 0);
    await createProvider(test.api, 'later');
    const { changes, next } = found[0] ?? { changes: null, next: '' };
    assert.deepEqual(changes, []);
    assert.equal((await changesPage(test.api, `since=${next}`)).changes[0]?.provider?.name, 'later');
  });

  it('are forgotten when their clients go away', async () => {
    let isGone = false;
    const pages = await startReaders(() => isGone);
    isGone = true;
    await until('none waits', () => reader.waiting() === 0);
    await Promise.all(pages);
  });
});
