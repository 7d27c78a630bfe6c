import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { migrateDatabase } from '../../src/db/migrate.js';
import { defaultConfig } from '../../src/config.js';
import { claim } from '../support/claims.js';
import { removeClusters, startCluster, type Cluster } from '../support/cluster.js';
import { connect, sql } from '../support/database.js';
import { checkLedger } from '../support/ledger.js';
import { assertByTurns, HASTY, LONGEST_RESPONSE, startPatient, type Patient } from '../support/outage.js';
import { startProxy, type Proxy } from '../support/proxy.js';
import { createProvider, messageOf } from '../support/service.js';
import { until } from '../support/until.js';

/** The server itself stops, starts again, or is replaced by another one. */
describe('a database server that fails', function () {
  let primary: Cluster;
  let proxy: Proxy;
  let test: Patient;
  before(async () => {
    primary = await startCluster({ max_connections: '40' });
    await migrateDatabase(defaultConfig(), primary.url);
  });
  after(removeClusters);
  beforeEach(async () => {
    proxy = await startProxy(primary.url);
    test = await startPatient(proxy.url(primary.url));
  });
  afterEach(async () => {
    await test.close();
    await proxy.close();
  });

  /** Claims one after the other, four at a time, until it is stopped; returns the outcome of each. */
  function keepClaiming(): () => Promise<{ status: number; ms: number }[]> {
    let going = true;
    const responses: { status: number; ms: number }[] = [];
    const one = async (): Promise<void> => {
      while (going) {
        const start = performance.now();
        const { status } = await claim(test.api, { [test.host]: { VCPU: 1 } });
        responses.push({ status, ms: performance.now() - start });
      }
    };
    const all = Promise.all([one(), one(), one(), one()]);
    return async () => {
      going = false;
      await all;
      return responses;
    };
  }

  for (const how of ['fast', 'immediate', 'kill'] as const) {
    it(`is stopped (${how}) under load and started again: 503, never a 500, and not a claim lost or half made`, async () => {
      const stop = keepClaiming();
      await until('claims are being made', async () => (await made()) > 20);
      await primary.stop(how);
      await test.rejectsEverything();
      await primary.start();
      await test.recovers(primary.url);
      const responses = await stop();
      assert.deepEqual([...new Set(responses.map(({ status }) => status))].sort(), [204, 503]);
      assert.ok(responses.every(({ ms }) => ms < LONGEST_RESPONSE));
      const acknowledged = responses.filter(({ status }) => status === 204).length;
      assert.ok((await made()) >= acknowledged, 'an acknowledged claim is gone');
      await checkLedger(primary.url);
      const [away, back, ...more] = test.troubles();
      assert.match(away ?? '', /^database away: /);
      assert.match(back ?? '', /^database back after .* requests were rejected$/);
      assert.deepEqual(more, []);
    });
  }

  async function made(): Promise<number> {
    const [row] = await sql<{ count: number }>(
      primary.url,
      `select count(*)::int from allocations join resource_providers p on p.id = resource_provider_id where p.uuid = $1`,
      [test.host],
    );
    return row?.count ?? 0;
  }

  it('is frozen, with connections that are accepted and get no response: 503 within the deadline', async () => {
    const hasty = await startPatient(proxy.url(primary.url), HASTY);
    await hasty.askEverything();
    primary.freeze();
    await hasty.rejectsEverything();
    await hasty.rejectsAtOnce();
    primary.thaw();
    await hasty.recovers(primary.url);
    await hasty.close();
  });

  it('is read-only: reads are served, writes are 503 and say why', async () => {
    const readOnly = async (on: boolean): Promise<void> => {
      await sql(primary.url, `alter system set default_transaction_read_only = ${on}`);
      await sql(primary.url, 'select pg_reload_conf()');
    };
    await test.askEverything();
    await readOnly(true);
    const isRead = (what: string): boolean => /read|search|usage/.test(what);
    const responses = await until('it is read-only for every session', async () => {
      const all = await test.askEverything();
      return Object.entries(all).every(([what, { status }]) => isRead(what) || status === 503) && all;
    });
    for (const [what, { status, retryAfter, text }] of Object.entries(responses)) {
      assert.equal(status, isRead(what) ? 200 : 503, what);
      if (isRead(what)) continue;
      assert.match(retryAfter ?? '', /^[1-9]\d*$/);
      assert.match(messageOf(JSON.parse(text)), /^The database is read-only at the moment, so nothing can be changed/);
    }
    await readOnly(false);
    await test.recovers(primary.url);
    await until('the end is in the log', async () => {
      await test.askEverything();
      return test.troubles().length > 0 && test.troubles().length % 2 === 0;
    });
    // Each session reads the setting at a moment of its own, so it may end and begin again.
    assertByTurns(
      test.troubles(),
      /^database is read-only: cannot execute .* in a read-only transaction$/,
      /^database can be written again after .* rejected$/,
    );
  });

  it('fails over to a standby that follows: everything acknowledged is there', async () => {
    const standby = await primary.standby();
    await createProvider(test.api, 'before the fail-over');
    await primary.followedBy(standby);
    // The name leads to the standby before it is promoted: it may be behind, so the service does not read from it.
    proxy.pointAt(standby.url);
    proxy.cut();
    await until('it is rejected', async () =>
      Object.values(await test.askEverything()).every(({ status }) => status === 503),
    );
    await test.rejectsAtOnce();
    await standby.promote();
    await test.recovers(standby.url);
    const { body } = await test.api.get('/resource_providers?name=before the fail-over').expect(200);
    assert.equal(body.resource_providers.length, 1);
    const [away, back, ...more] = test.troubles();
    assert.match(away ?? '', /^database away: the database server is a standby .*point the connection at the primary/);
    assert.match(back ?? '', /^database back/);
    assert.deepEqual(more, []);
    await standby.stop('immediate');
  });

  it('fails over to a standby that had lost the last commits: the replica forgets them too', async () => {
    const standby = await primary.standby();
    await primary.followedBy(standby);
    await standby.stopReceiving();
    const lost = await createProvider(test.api, 'lost');
    await test.api.get(`/resource_providers/${lost}`).expect(200);
    await primary.stop('kill');
    await standby.promote();
    await until('it is promoted', async () => {
      const rows = await sql<{ standby: boolean }>(standby.url, 'select pg_is_in_recovery() as standby');
      return rows[0]?.standby === false;
    });
    proxy.pointAt(standby.url);
    await test.recovers(standby.url);
    await test.api.get(`/resource_providers/${lost}`).expect(404);
    assert.equal(await createProvider(test.api, 'lost').then(() => 'made'), 'made');
    await test.recovers(standby.url);
    await standby.stop('immediate');
    await primary.start();
  });

  it('changes the password: 503 and one line, not a 500 for each request', async () => {
    const { username, password } = new URL(primary.url);
    await sql(primary.url, `alter role ${username} password 'another'`);
    proxy.cut();
    await test.rejectsEverything();
    const admin = new URL(primary.url);
    admin.password = 'another';
    await sql(admin.toString(), `alter role ${username} password '${password}'`);
    await test.recovers(primary.url);
    const [away, back, ...more] = test.troubles();
    assert.match(away ?? '', /^database away: password authentication failed/);
    assert.match(back ?? '', /^database back/);
    assert.deepEqual(more, []);
  });

  it('has no connection left: requests use the connections that the service has, the others get 503', async () => {
    const taken: Awaited<ReturnType<typeof connect>>[] = [];
    async function takeAll(): Promise<void> {
      try {
        for (;;) taken.push(await connect(primary.url));
      } catch (error) {
        assert.match((error as Error).message, /too many clients|reserved for/);
      }
    }
    await test.askEverything();
    // Sessions of former tests may still be ending, and leave a connection free.
    const responses = await until('a request gets no connection', async () => {
      await takeAll();
      // Twenty at once want more connections than this service has. Nothing is remembered of projects that do not exist.
      const all = await Promise.all(
        Array.from({ length: 20 }, (_, n) =>
          test.api.get(`/usages?project_id=project-${n}`).then((response) => response),
        ),
      );
      return all.some(({ status }) => status === 503) && all;
    });
    assert.deepEqual([...new Set(responses.map(({ status }) => status))].sort(), [200, 503]);
    for (const { headers, body } of responses.filter(({ status }) => status === 503)) {
      assert.equal(headers['retry-after'], '1');
      assert.match(messageOf(body), /^All connections to the database are in use/);
    }
    await test.api.get(`/resource_providers/${test.host}`).expect(200);
    await Promise.all(taken.map((one) => one.end()));
    await test.recovers(primary.url);
    const [began, ...more] = test.troubles();
    assert.match(began ?? '', /^no database connection free: /);
    for (const line of more)
      assert.match(line, /^database connections free again after|^no database connection free: /);
  });

  it('loses the database: 503, and all is well when it is back under its name', async () => {
    const name = 'lost_and_found';
    await sql(primary.url, `create database ${name}`);
    const url = new URL(primary.url);
    url.pathname = `/${name}`;
    await migrateDatabase(defaultConfig(), url.toString());
    const poor = await startPatient(url.toString());
    // The service may have connected again before the name goes, and then PostgreSQL rejects.
    await until('the database has another name', async () => {
      const end = `select pg_terminate_backend(pid) from pg_stat_activity where datname = '${name}'`;
      const rename = sql(primary.url, `${end}; alter database ${name} rename to another_name`);
      return rename.then(
        () => true,
        () => false,
      );
    });
    await poor.rejectsEverything();
    await sql(primary.url, `alter database another_name rename to ${name}`);
    await poor.recovers(url.toString());
    const [away, back, ...more] = poor.troubles();
    assert.match(away ?? '', /^database away: database "lost_and_found" does not exist/);
    assert.match(back ?? '', /^database back/);
    assert.deepEqual(more, []);
    await poor.close();
  });

  it('does not finish a statement in time: 503 for that request, nothing changed', async () => {
    const hasty = await startPatient(proxy.url(primary.url), { statementTimeout: 1 });
    const rival = await connect(primary.url);
    await rival.query('begin');
    await rival.query('select from resource_providers where uuid = $1 for update', [hasty.host]);
    const consumer = randomUUID();
    for (const request of [
      claim(hasty.api, { [hasty.host]: { VCPU: 1 } }, { consumer }),
      hasty.api.put(`/resource_providers/${hasty.host}/traits`, { resource_provider_generation: 2, traits: [] }),
    ]) {
      const { status, body, headers } = await request;
      assert.equal(status, 503);
      assert.equal(headers['retry-after'], '1');
      assert.match(messageOf(body), /^The database did not finish this in time\. Nothing was changed/);
    }
    await rival.query('rollback');
    await rival.end();
    await test.api.get(`/allocations/${consumer}`).expect(200, { allocations: {} });
    await hasty.recovers(primary.url);
    assert.deepEqual(hasty.troubles(), []);
    await hasty.close();
  });

  it('is slow, and all connections of the pool wait: the next get 503 in time, reads from memory go on', async () => {
    const small = await startPatient(proxy.url(primary.url), {
      ...{ maxPoolSize: 2, maxOverflow: 0, poolTimeout: 1 },
      // The two that wait do so until the rival ends, whatever pauses in between.
      statementTimeout: 300,
    });
    const rival = await connect(primary.url);
    await rival.query('begin; lock table traits in exclusive mode');
    const start = performance.now();
    const responded: { status: number; body: unknown; ms: number }[] = [];
    const waiting = Array.from({ length: 10 }, async (_, n) => {
      const { status, body } = await small.api.put(`/traits/CUSTOM_${n}`);
      responded.push({ status, body, ms: performance.now() - start });
    });
    await until('two wait for the lock', async () => {
      const [row] = await sql<{ count: number }>(
        primary.url,
        "select count(*)::int from pg_stat_activity where wait_event_type = 'Lock'",
      );
      return row?.count === 2;
    });
    await small.api.get(`/resource_providers/${small.host}`).expect(200);
    const rejected = await until('eight are rejected', () => responded.length === 8 && [...responded]);
    for (const { status, body, ms } of rejected) {
      assert.equal(status, 503);
      assert.match(messageOf(body), /^All connections to the database are in use/);
      assert.ok(ms < LONGEST_RESPONSE);
    }
    await rival.query('rollback');
    await rival.end();
    await Promise.all(waiting);
    assert.equal(responded.filter(({ status }) => status === 201).length, 2);
    await small.recovers(primary.url);
    await small.close();
  });
});
