import assert from 'node:assert/strict';
import { setTimeout } from 'node:timers/promises';
import type { View } from '../../src/topology/model.js';
import { createTestDatabase, dropTestDatabase, sql } from '../support/database.js';
import { lockedBy, sessionsWaiting } from '../support/outside-locks.js';
import { startProxy, type Proxy } from '../support/proxy.js';
import { insertProviders, startReplica, type Replica } from '../support/replica.js';
import { assertWithin, patience } from '../support/patience.js';
import { until } from '../support/until.js';

/** The network between the service and PostgreSQL fails. No response is stale, and none is missing. */
describe('outage', () => {
  let url: string;
  let proxy: Proxy;
  let replica: Replica;
  beforeEach(async () => {
    url = await createTestDatabase();
    proxy = await startProxy(url);
    replica = startReplica(proxy.url(url));
  });
  afterEach(async () => {
    await replica.close();
    await proxy.close();
    await dropTestDatabase(url);
  });

  const unavailable = { name: 'Error', status: 503 };
  const messages = (): string[] =>
    replica.log.map(({ msg }) => /^(topology: loaded|database (away|back))/.exec(msg)?.[0] ?? msg);
  const LOADED = 'topology: loaded';
  const AWAY = 'database away';
  const BACK = 'database back';

  /** For tests of deadlines: the replica that gives up soon. What it logs before it has loaded is the machine's slowness. */
  async function becomeImpatient(): Promise<void> {
    await replica.close();
    replica = startReplica(proxy.url(url), { statementTimeout: 800, connectTimeout: 800 });
    await untilBack();
    replica.log.length = 0;
  }

  /** Reads until a response comes, as clients do; and no longer than the longest back-off of a short outage. */
  async function untilBack(): Promise<View> {
    const deadline = performance.now() + patience(3000);
    for (;;) {
      try {
        return await replica.current();
      } catch (error) {
        assert.equal((error as { status?: number }).status, 503);
        assert.ok(performance.now() < deadline, 'it does not come back');
        await setTimeout(20);
      }
    }
  }

  it('at the start is a 503 that says when to come back, and ends by itself', async () => {
    await proxy.reject();
    await assert.rejects(replica.current(), (error: { status: number; extra: { headers: Record<string, string> } }) => {
      assert.equal(error.status, 503);
      assert.match(error.extra.headers['retry-after'] ?? '', /^[1-9]\d*$/);
      return true;
    });
    assert.equal(replica.status().loaded, false);
    await proxy.accept();
    await untilBack();
    assert.deepEqual(messages(), [AWAY, LOADED, BACK]);
  });

  it('is logged once, however many readers and attempts there are', async () => {
    await replica.current();
    await proxy.reject();
    for (let n = 0; n < 30; n++) {
      await Promise.all([1, 2, 3].map(() => assert.rejects(replica.current(), unavailable)));
      await setTimeout(10);
    }
    await proxy.accept();
    await untilBack();
    assert.deepEqual(messages(), [LOADED, AWAY, BACK]);
    // The view was kept, and nothing has to be loaded again on the same server.
    assert.equal(replica.status().loads, 1);
  });

  it('tries less and less often, and responds at once in between', async () => {
    await proxy.reject();
    await assert.rejects(replica.current(), unavailable);
    let hasTurned = false as boolean;
    setImmediate(() => (hasTurned = true));
    for (let n = 0; n < 50; n++) await assert.rejects(replica.current(), unavailable);
    assert.equal(hasTurned, false, 'readers wait although no attempt is made');
  });

  it('of an idle connection is not noticed by the next reader', async () => {
    await replica.current();
    proxy.cut();
    // The event loop sees the connection end before the reader comes; the next test has the other order.
    await setTimeout(20);
    await sql(url, insertProviders('meanwhile'));
    assert.ok((await replica.current()).providerByName('meanwhile'));
    assert.deepEqual(messages(), [LOADED]);
  });

  it('of a connection that the reader finds cut is not noticed either', async () => {
    await replica.current();
    await sql(url, insertProviders('meanwhile'));
    // The reader is there before the event loop has seen the connection end.
    proxy.cut();
    assert.ok((await replica.current()).providerByName('meanwhile'));
    assert.deepEqual(messages(), [LOADED]);
  });

  it('during a catch-up is not noticed: a read may be sent again', async () => {
    await replica.current();
    const cut = proxy.cutAfter('catch_up');
    const [view] = await Promise.all([replica.current(), cut]);
    assert.equal(view.providers.size, 0);
    assert.deepEqual(messages(), [LOADED]);
  });

  it('while everything is being loaded is not noticed, once there was a connection', async () => {
    await replica.current();
    await sql(url, `update topology_epoch set uuid = gen_random_uuid(); ${insertProviders('meanwhile')}`);
    const cut = proxy.cutAfter('repeatable read');
    const [view] = await Promise.all([replica.current(), cut]);
    assert.ok(view.providerByName('meanwhile'));
  });

  it('by the server ending the session is not noticed', async () => {
    await replica.current();
    await sql(
      url,
      `select pg_terminate_backend(pid) from pg_stat_activity
       where application_name = 'stockroom' and datname = current_database()`,
    );
    await replica.current();
    assert.deepEqual(messages(), [LOADED]);
  });

  it('on a half-open connection ends every read within its deadline', async () => {
    await becomeImpatient();
    proxy.swallow();
    const start = performance.now();
    await Promise.all([1, 2, 3].map(() => assert.rejects(replica.current(), unavailable)));
    // The driver's deadline is a second above the server's; then comes one attempt to connect.
    assertWithin(3500, start);
    proxy.release();
    await sql(url, insertProviders('meanwhile'));
    assert.ok((await untilBack()).providerByName('meanwhile'));
    assert.deepEqual(messages(), [AWAY, BACK]);
  });

  it('on a half-open connection does not keep the service from closing', async () => {
    await becomeImpatient();
    proxy.swallow();
    const closed = replica.close().then(() => 'closed');
    assert.equal(await Promise.race([closed, setTimeout(patience(2000), 'hangs', { ref: false })]), 'closed');
  });

  it('fails readers that wait when the service closes, and those who come later', async () => {
    await replica.current();
    const waiting = assert.rejects(replica.current(), unavailable);
    await replica.close();
    await waiting;
    await assert.rejects(replica.current(), unavailable);
  });

  it('by a statement that takes too long is a 503, and the connection is not left in a bad state', async () => {
    await becomeImpatient();
    const outsider = await lockedBy(url, 'lock table topology_epoch');
    await assert.rejects(replica.current(), unavailable);
    await outsider.release();
    await untilBack();
  });

  it('during the pruning fails that alone', async () => {
    await replica.current();
    const cut = proxy.cutAfter('set pruned_below');
    await Promise.all([assert.rejects(replica.prune()), cut]);
    await replica.prune();
    await replica.current();
    assert.deepEqual(messages(), [LOADED]);
  });

  it('of the pruning alone does not keep readers waiting', async () => {
    await replica.current();
    const outsider = await lockedBy(url, 'lock table topology_changes in share mode');
    await sql(url, `update topology_epoch set marked_at = '2001-01-01'`);
    const pruned = replica.prune().then(
      () => 'pruned',
      () => 'failed',
    );
    await until('the pruning waits', async () => (await sessionsWaiting(url)) === 1);
    await replica.current();
    assert.equal(await sessionsWaiting(url), 1, 'the reader has not waited for the pruning');
    // As the deadline of its statement does.
    await sql(
      url,
      `select pg_cancel_backend(pid) from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`,
    );
    assert.equal(await pruned, 'failed');
    await outsider.release();
    await replica.current();
    assert.deepEqual(messages(), [LOADED]);
  });
});
