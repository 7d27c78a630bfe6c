import assert from 'node:assert/strict';
import type pg from 'pg';
import { assertSame } from '../support/compare.js';
import { connect, createTestDatabase, dropTestDatabase, sql } from '../support/database.js';
import { startProxy } from '../support/proxy.js';
import { freshTopology, insertProviders, startReplica, type Replica } from '../support/replica.js';
import { until } from '../support/until.js';

describe('catch-up', () => {
  let url: string;
  let replica: Replica;
  let connections: pg.Client[];
  beforeEach(async () => {
    url = await createTestDatabase();
    await sql(url, insertProviders('here'));
    replica = startReplica(url);
    connections = [];
    await replica.current();
  });
  afterEach(async () => {
    await Promise.all(connections.map((client) => client.end()));
    await replica.close();
    await dropTestDatabase(url);
  });

  async function session(): Promise<pg.Client> {
    const client = await connect(url);
    connections.push(client);
    return client;
  }

  async function seen(): Promise<string[]> {
    return [...(await replica.current()).providers.values()].map(({ name }) => name).sort();
  }

  it('sees a transaction that began first and committed last', async () => {
    const [a, b] = [await session(), await session()];
    await a.query('begin');
    await a.query(insertProviders('early'));
    await b.query(insertProviders('late'));
    assert.deepEqual(await seen(), ['here', 'late']);
    await a.query('commit');
    assert.deepEqual(await seen(), ['early', 'here', 'late']);
  });

  it('does not join a catch-up that has been sent', async () => {
    const proxy = await startProxy(url);
    const behind = startReplica(proxy.url(url));
    try {
      await behind.current();
      const [before] = await sql<{ now: string }>(url, 'select clock_timestamp()::text as now');
      proxy.hold();
      const early = behind.current();
      // PostgreSQL may not have taken its snapshot before it has responded, and the response waits in the proxy.
      const responded = `select from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()
                           and state = 'idle' and query_start > $1`;
      await until('PostgreSQL has responded', async () => (await sql(url, responded, [before?.now])).length > 0);
      await sql(url, insertProviders('written'));
      const late = behind.current().then((view) => view.providerByName('written')?.name);
      const order: string[] = [];
      const both = Promise.all([early.then(() => order.push('early')), late.then(() => order.push('late'))]);
      assert.deepEqual(order, []);
      proxy.release();
      await both;
      assert.deepEqual(order, ['early', 'late']);
      assert.equal(await late, 'written');
      assert.equal(behind.status().catchUps, 2);
    } finally {
      await behind.close();
      await proxy.close();
    }
  });

  it('serves many readers with few statements', async () => {
    const before = replica.status().catchUps;
    const views = await Promise.all(Array.from({ length: 500 }, () => replica.current()));
    assert.equal(views.length, 500);
    assert.equal(replica.status().catchUps - before, 1);
  });

  it('goes on beside a long transaction, and sees that when it commits', async () => {
    const long = await session();
    await long.query('begin');
    await long.query(insertProviders('long'));
    for (const name of ['a', 'b', 'c']) {
      await sql(url, insertProviders(name));
      assert.ok((await seen()).includes(name));
    }
    assert.deepEqual(await seen(), ['a', 'b', 'c', 'here']);
    assert.ok(replica.status().xidLag >= 3);
    await long.query('commit');
    assert.deepEqual(await seen(), ['a', 'b', 'c', 'here', 'long']);
    await sql(url, insertProviders('after'));
    // A transaction anywhere on the server counts (autovacuum's).
    await until('the lag is gone', async () => (await seen()).includes('after') && replica.status().xidLag < 3);
    assert.equal(replica.status().loads, 1);
  });

  it('sees what savepoints left, and nothing of what they took back', async () => {
    const writer = await session();
    await writer.query('begin; savepoint one');
    await writer.query(insertProviders('kept'));
    await writer.query('release savepoint one; savepoint two');
    await writer.query(insertProviders('undone'));
    // Another transaction in between: the savepoint's own id is not the one that snapshots speak of.
    await sql(url, insertProviders('between'));
    assert.deepEqual(await seen(), ['between', 'here']);
    await writer.query('rollback to savepoint two');
    await writer.query(`update resource_providers set name = 'renamed' where name = 'here'`);
    assert.deepEqual(await seen(), ['between', 'here']);
    await writer.query('commit');
    assert.deepEqual(await seen(), ['between', 'kept', 'renamed']);
  });

  it('is not disturbed by what was rolled back', async () => {
    const writer = await session();
    await writer.query('begin');
    await writer.query(insertProviders('never'));
    await writer.query('delete from resource_providers');
    assert.deepEqual(await seen(), ['here']);
    await writer.query('rollback');
    assert.deepEqual(await seen(), ['here']);
    // TRUNCATE locks readers out until its end, so nothing can be read in between.
    await writer.query('begin; truncate traits cascade; rollback');
    assert.deepEqual(await seen(), ['here']);
    assert.equal(replica.status().loads, 1);
  });

  it('sees a prepared transaction when it is committed by another session', async function () {
    const [{ max_prepared_transactions: allowed } = {}] = await sql(url, 'show max_prepared_transactions');
    // Off unless an operator turned it on; then there is nothing to see.
    if (allowed === '0') {
      await assert.rejects(
        sql(url, `begin; ${insertProviders('p')}; prepare transaction 'p'`),
        /prepared transactions/,
      );
      return;
    }
    await sql(url, `begin; ${insertProviders('p')}; prepare transaction 'p'`);
    assert.deepEqual(await seen(), ['here']);
    await sql(url, `commit prepared 'p'`);
    assert.deepEqual(await seen(), ['here', 'p']);
  });

  it('sees each of 50 transactions that were open at once', async () => {
    const open = await Promise.all(Array.from({ length: 50 }, session));
    await Promise.all(open.map((client) => client.query('begin')));
    await Promise.all(open.map((client, n) => client.query(insertProviders(`open-${n}`))));
    assert.deepEqual(await seen(), ['here']);
    // Odd ones first, so that the snapshot has as many gaps as it can.
    for (const client of open.filter((_, n) => n % 2 === 1)) await client.query('commit');
    assert.equal((await seen()).length, 26);
    const even = open.filter((_, n) => n % 2 === 0);
    for (const [n, client] of even.entries()) await client.query(n % 2 === 0 ? 'commit' : 'rollback');
    assert.equal((await seen()).length, 1 + 25 + 13);
    assertSame(await replica.current(), await freshTopology(url));
    assert.equal(replica.status().loads, 1);
  });
});
