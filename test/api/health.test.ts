import assert from 'node:assert/strict';
import pino from 'pino';
import { composeService } from '../../src/compose.js';
import { defaultConfig } from '../../src/config.js';
import type { Readiness } from '../../src/ops/health.js';
import { createTestDatabase, dropTestDatabase, sql } from '../support/database.js';
import { startKeystone, type FakeKeystone } from '../support/keystone.js';
import { startAdmin, type Admin } from '../support/metrics.js';
import { startProxy, type Proxy } from '../support/proxy.js';
import { startTestService, type TestService } from '../support/service.js';
import { sendElsewhere, send } from '../support/raw-request.js';
import { patience } from '../support/patience.js';
import { until } from '../support/until.js';

const WITHOUT_TOKEN = { 'x-auth-token': null, 'openstack-api-version': null, accept: null };

describe('health', () => {
  let database: string;
  let proxy: Proxy;
  let keystone: FakeKeystone;
  let test: TestService;
  let admin: Admin;
  let logged = '';
  const log = pino({ level: 'info' }, { write: (line: string) => void (logged += line) });
  before(async () => {
    database = await createTestDatabase();
    proxy = await startProxy(database);
    keystone = await startKeystone();
    test = await startTestService({ databaseUrl: proxy.url(database), config: keystone.config(), log });
    admin = await startAdmin(test.service);
  });
  after(async () => {
    admin.close();
    await test.close();
    await proxy.close();
    await keystone.stop();
    await dropTestDatabase(database);
  });

  const ask = (path: string) => send(test.url, { path, headers: WITHOUT_TOKEN });
  async function readiness(url = test.url): Promise<{ status: number; body: Readiness; milliseconds: number }> {
    const start = performance.now();
    const { status, text } = await sendElsewhere(url, { path: '/readyz', headers: WITHOUT_TOKEN });
    return { status, body: JSON.parse(text) as Readiness, milliseconds: performance.now() - start };
  }
  async function untilReady(): Promise<void> {
    await until('it is ready again', async () => (await readiness()).status === 200, 15_000);
  }

  it('needs no token, on the port of the API and on the admin listener', async () => {
    for (const url of [test.url, admin.url]) {
      const alive = await sendElsewhere(url, { path: '/healthz', headers: WITHOUT_TOKEN });
      assert.deepEqual([alive.status, JSON.parse(alive.text)], [200, { status: 'alive' }]);
      assert.equal(alive.headers['content-type'], 'application/json');
      // The probe has a deadline of less than a second.
      const body = await until('it is ready', async () => {
        const response = await readiness(url);
        return response.status === 200 && response.body;
      });
      assert.deepEqual([body.ready, body.reason, body.draining], [true, 'ready', false]);
      assert.equal(body.topology?.loaded, true);
      assert.ok((body.topology.age_seconds ?? 99) < patience(1));
      assert.ok((body.database?.milliseconds ?? 0) > 0);
    }
    assert.equal((await ask('/healthz/')).status, 401);
    assert.equal((await ask('/traits')).status, 401);
  });

  it('leaves no line in the log at INFO, whatever the response', async () => {
    await proxy.reject();
    await until503();
    logged = '';
    for (let i = 0; i < 5; i++) {
      assert.equal((await ask('/healthz')).status, 200);
      assert.equal((await ask('/readyz')).status, 503);
    }
    // What the service logs of the database that is away is not about a request.
    assert.doesNotMatch(logged, /"path"|healthz|readyz/);
    await proxy.accept();
    await untilReady();
  });

  it('is not ready while the database rejects connections, lives on, and is ready again by itself', async () => {
    await proxy.reject();
    await until503();
    const { body, milliseconds } = await readiness();
    assert.deepEqual([body.ready, body.reason, body.database?.usable], [false, 'the database cannot be used', false]);
    assert.ok(milliseconds < patience(1000), `${milliseconds} ms`);
    assert.equal((await ask('/healthz')).status, 200);
    await proxy.accept();
    await untilReady();
  });

  it('is not ready while the database does not respond, within its deadline, however many ask', async () => {
    proxy.swallow();
    const responses = await Promise.all(Array.from({ length: 50 }, () => readiness()));
    for (const { status, body, milliseconds } of responses) {
      assert.deepEqual([status, body.reason], [503, 'the database does not respond in time']);
      assert.ok(milliseconds > 700 && milliseconds < patience(2000), `${milliseconds} ms`);
    }
    proxy.release();
    proxy.cut();
    await untilReady();
  });

  it('asks over one connection, however many probes there are', async () => {
    const connections = async (): Promise<number> => {
      const [row] = await sql<{ connections: number }>(
        database,
        "select count(*)::int as connections from pg_stat_activity where application_name = 'stockroom' and datname = current_database()",
      );
      return row?.connections ?? 0;
    };
    await until('the sessions that were cut off have ended', async () => (await connections()) === 1);
    await Promise.all(Array.from({ length: 100 }, () => readiness()));
    assert.equal(await connections(), 1);
  });

  it('tells of Keystone, whose absence leaves the service ready', async () => {
    assert.deepEqual((await readiness()).body.keystone, { responds: null });
    assert.equal(
      (await send(test.url, { path: '/traits', headers: { 'x-auth-token': keystone.issue() } })).status,
      200,
    );
    assert.deepEqual((await readiness()).body.keystone, { responds: true });
    keystone.behaviour = 503;
    assert.equal(
      (await send(test.url, { path: '/traits', headers: { 'x-auth-token': keystone.issue() } })).status,
      503,
    );
    const body = await until('it is ready', async () => {
      const response = await readiness();
      return response.status === 200 && response.body;
    });
    assert.deepEqual([body.ready, body.keystone], [true, { responds: false }]);
    keystone.behaviour = 'good';
  });

  it('is not ready while it drains', async () => {
    let draining = false;
    const config = defaultConfig({ auditInterval: 0, policyFile: '', policyDirs: [] });
    const service = composeService(config, database, pino({ level: 'silent' }), { isDraining: () => draining });
    await until('it is ready', async () => (await service.health.readiness()).ready);
    draining = true;
    const { ready, reason } = await until('it is draining', async () => {
      const now = await service.health.readiness();
      assert.equal(now.ready, false);
      return now.database?.usable === true && now;
    });
    assert.deepEqual([ready, reason], [false, 'draining']);
    await service.close();
  });

  it('says nothing that is not for everybody', async () => {
    await proxy.reject();
    await until503();
    const { text } = await ask('/readyz');
    const { hostname, port, username, password } = new URL(database);
    for (const secret of [hostname, port, username, password, new URL(keystone.url).port]) {
      assert.ok(secret === '' || !text.includes(secret), text);
    }
    await proxy.accept();
    await untilReady();
  });

  async function until503(): Promise<void> {
    await until('it is not ready', async () => (await readiness()).status === 503);
  }
});
