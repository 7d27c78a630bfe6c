import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { renderMetrics } from '../../src/ops/metrics.js';
import { claim } from '../support/claims.js';
import { connect, createTestDatabase, dropTestDatabase, sql } from '../support/database.js';
import { startKeystone } from '../support/keystone.js';
import { parseMetrics, startAdmin, type Admin, type Metrics } from '../support/metrics.js';
import { startProxy } from '../support/proxy.js';
import { createProvider, setInventories, startTestService, type TestService } from '../support/service.js';
import { send } from '../support/raw-request.js';
import { assertWithin, patience } from '../support/patience.js';
import { someoneWaits } from '../support/while-held.js';
import { until } from '../support/until.js';

const DURATION = 'stockroom_http_request_duration_seconds';
const requests = (labels: string): string => `${DURATION}_count{${labels}}`;

describe('metrics', () => {
  let test: TestService;
  let admin: Admin;
  beforeEach(async () => {
    test = await startTestService();
    admin = await startAdmin(test.service);
  });
  afterEach(async () => {
    admin.close();
    await test.close();
  });

  const ask = (path: string, method = 'GET') => send(test.url, { path, method });

  it('count requests by route, method and status', async () => {
    const uuid = await createProvider(test.api, 'one');
    for (let i = 0; i < 3; i++) await ask(`/resource_providers/${uuid}`);
    await ask(`/resource_providers/${randomUUID()}`);
    await ask('/traits', 'PATCH');
    await ask('/nowhere');
    await send(test.url, { path: '/traits', headers: { 'x-auth-token': null } });
    await ask('/');
    await send(test.url, { path: '/resource_providers', method: 'POST', body: 'no JSON' });

    const { value } = await admin.metrics();
    assert.equal(value(requests('method="POST",route="/resource_providers",status="200"')), 1);
    assert.equal(value(requests('method="POST",route="/resource_providers",status="400"')), 1);
    assert.equal(value(requests('method="GET",route="/resource_providers/{uuid}",status="200"')), 3);
    assert.equal(value(requests('method="GET",route="/resource_providers/{uuid}",status="404"')), 1);
    assert.equal(value(requests('method="PATCH",route="/traits",status="405"')), 1);
    assert.equal(value(requests('method="GET",route="/",status="200"')), 1);
    assert.equal(value(requests('method="GET",route="(none)",status="404"')), 1);
    assert.equal(value(requests('method="GET",route="(none)",status="401"')), 1);
    assert.equal(value('stockroom_http_requests_in_flight'), 0);
  });

  it('measure how long requests take, in buckets that add up', async () => {
    const uuid = await createProvider(test.api, 'one');
    for (let i = 0; i < 20; i++) await ask(`/resource_providers/${uuid}`);
    const { value, text } = await admin.metrics();
    const labels = 'method="GET",route="/resource_providers/{uuid}",status="200"';
    const bounds = [
      ...new Set(
        [...text.matchAll(new RegExp(`^${DURATION}_bucket\\{.*le="([^"]+)"`, 'gm'))].map(([, le]) => le ?? ''),
      ),
    ];
    const counts = bounds.map((le) => value(`${DURATION}_bucket{le="${le}",${labels}}`) ?? NaN);
    assert.equal(bounds.length, 18);
    assert.equal(bounds.at(-1), '+Inf');
    assert.equal(counts.at(-1), 20);
    assert.deepEqual(
      counts,
      [...counts].sort((a, b) => a - b),
    );
    const sum = value(`${DURATION}_sum{${labels}}`) ?? 0;
    assert.ok(sum > 0 && sum < 20, `${sum} s`);
  });

  it('have no label with a value that a client makes up', async () => {
    for (const path of ['/nowhere', '/traits', `/resource_providers/${randomUUID()}`, '/%ff', '/?x=1']) await ask(path);
    for (const method of ['GET', 'PATCH', 'OPTIONS', 'HEAD', 'PURGE']) await ask('/traits', method);
    const series = async (): Promise<string[]> =>
      (await admin.metrics()).text.split('\n').filter((line) => line.startsWith(`${DURATION}_count`));
    const before = (await series()).length;
    for (let i = 0; i < 40; i++) {
      await ask(`/nowhere-${i}`);
      await ask(`/resource_providers/${randomUUID()}`);
      await ask('/traits', i % 2 === 0 ? 'PURGE' : 'LOCK');
    }
    assert.equal((await series()).length, before);
    const { value } = await admin.metrics();
    assert.equal(value(requests('method="GET",route="(none)",status="404"')), 41);
    // PURGE and LOCK are methods that Node knows and this API does not have.
    assert.equal(value(requests('method="other",route="/traits",status="405"')), 41);
  });

  it('show the requests in flight and the connections they hold', async () => {
    const uuid = await createProvider(test.api, 'one');
    const holder = await connect(test.databaseUrl);
    await holder.query('begin');
    await holder.query('select from resource_providers for update');
    const slow = setInventories(test.api, uuid, { VCPU: { total: 1 } });
    await until('it waits for the row', () => someoneWaits(test.databaseUrl));
    await untilMetrics(
      ({ value }) =>
        value('stockroom_pool_connections{state="busy"}') === 1 && value('stockroom_http_requests_in_flight') === 1,
    );
    await holder.query('rollback');
    await holder.end();
    await slow;
    // A scrape reads the gauges of inventory jobs on a connection of its own, which may be busy after it.
    const { value } = await untilMetrics((now) => now.value('stockroom_pool_connections{state="busy"}') === 0);
    assert.equal(value('stockroom_http_requests_in_flight'), 0);
    assert.ok((value('stockroom_pool_connections{state="idle"}') ?? 0) >= 1);
    assert.equal(value('stockroom_pool_waiting'), 0);
    assert.ok((value('stockroom_pool_connections_max') ?? 0) > 0);
  });

  it('show what providers have and what of it is in use, exactly and at once', async () => {
    const uuid = await createProvider(test.api, 'compute "1" \\ é');
    await createProvider(test.api, 'without inventory');
    await setInventories(test.api, uuid, {
      VCPU: { total: 64, allocation_ratio: 4.5 },
      MEMORY_MB: { total: 262144, reserved: 4096 },
    });
    await claim(test.api, { [uuid]: { VCPU: 8, MEMORY_MB: 1024 } }).expect(204);
    // A scrape waits a quarter of a second for the newest numbers, and shows those that it has.
    const { value, text } = await untilMetrics(
      (now) =>
        now.value('stockroom_topology_objects{kind="inventory"}') === 2 && /resource_usage\{.* 8$/m.test(now.text),
    );
    const of = (what: string, resource: string): number | undefined =>
      value(`openstack_placement_resource_${what}{hostname="compute \\"1\\" \\\\ é",resourcetype="${resource}"}`);
    for (const [what, vcpu, memory] of [
      ['total', 64, 262144],
      ['reserved', 0, 4096],
      ['allocation_ratio', 4.5, 1],
      ['usage', 8, 1024],
      ['generation', 2, 2],
    ] as const) {
      assert.deepEqual([of(what, 'VCPU'), of(what, 'MEMORY_MB')], [vcpu, memory], what);
    }
    assert.equal(value('stockroom_capacity_providers_left_out'), 0);
    assert.ok(!text.includes('without inventory'));
    assert.equal(value('stockroom_topology_objects{kind="provider"}'), 2);
    assert.equal(value('stockroom_topology_objects{kind="tree"}'), 2);
    assert.equal(value('stockroom_topology_objects{kind="inventory"}'), 2);
  });

  it('count claims and the groups they are written in, and searches by what they find', async () => {
    const uuid = await createProvider(test.api, 'one');
    await setInventories(test.api, uuid, { VCPU: { total: 8 } });
    await claim(test.api, { [uuid]: { VCPU: 4 } }).expect(204);
    await claim(test.api, { [uuid]: { VCPU: 4 } }).expect(204);
    await claim(test.api, { [uuid]: { VCPU: 1 } }).expect(409);
    await test.api.get('/allocation_candidates?resources=VCPU:1').expect(200);
    await setInventories(test.api, uuid, { VCPU: { total: 9 } });
    for (let i = 0; i < 2; i++) await test.api.get('/allocation_candidates?resources=VCPU:1').expect(200);
    const { value } = await admin.metrics();
    assert.equal(value('stockroom_claim_requests_total{outcome="written"}'), 2);
    assert.equal(value('stockroom_claim_requests_total{outcome="rejected"}'), 1);
    assert.equal(value('stockroom_claim_requests_total{outcome="failed"}'), 0);
    assert.equal(value('stockroom_claim_group_size_count'), 3);
    assert.equal(value('stockroom_claim_group_size_sum'), 3);
    const searches = (outcome: string): number | undefined =>
      value(`stockroom_candidates_search_duration_seconds_count{outcome="${outcome}"}`);
    const outcomes = ['found', 'cached', 'empty', 'limited'];
    assert.deepEqual(outcomes.map(searches), [1, 1, 1, 0], 'the second request got the response of the first');
  });

  it('count reads, catch-ups and loads of the topology, and show how far behind it is', async () => {
    const start = await untilMetrics((now) => now.value('stockroom_topology_loads_total') === 1);
    const reads = start.value('stockroom_topology_reads_total') ?? NaN;
    const catchUps = start.value('stockroom_topology_catch_up_duration_seconds_count') ?? NaN;
    for (let i = 0; i < 5; i++) await ask('/resource_providers');
    const open = await connect(test.databaseUrl);
    await open.query('begin');
    await open.query('select pg_current_xact_id()');
    for (let i = 0; i < 4; i++) await sql(test.databaseUrl, 'select pg_current_xact_id()');
    let scrapes = 0;
    const { value } = await untilMetrics((now) => {
      scrapes++;
      return (now.value('stockroom_topology_lag_transactions') ?? 0) >= 5;
    });
    await open.query('rollback');
    await open.end();
    // Five requests, and the two questions of a scrape, which share a catch-up when they come at the same time.
    assert.equal(value('stockroom_topology_reads_total'), reads + 5 + 2 * scrapes);
    const more = (value('stockroom_topology_catch_up_duration_seconds_count') ?? 0) - catchUps;
    assert.ok(more <= 5 + 2 * scrapes, `${more} catch-ups`);
    await until('the two questions of a scrape share a catch-up', async () => {
      const before = test.service.topology.status().catchUps;
      await admin.metrics();
      return test.service.topology.status().catchUps === before + 1;
    });
    assert.equal(value('stockroom_topology_loaded'), 1);
    assert.ok((value('stockroom_topology_age_seconds') ?? 99) < patience(5));
    assert.equal(value('stockroom_topology_audit_differences_total'), 0);

    // What is not in the journal is found by the audit only.
    await sql(test.databaseUrl, "set session_replication_role = replica; update traits set name = 'X' where id = 1");
    await test.service.topology.audit();
    const audited = await admin.metrics();
    assert.equal(audited.value('stockroom_topology_audit_differences_total'), 1);
    await sql(test.databaseUrl, 'truncate resource_provider_traits');
    await untilMetrics((now) => now.value('stockroom_topology_loads_total') === 2);
  });

  it('show nothing secret', async () => {
    const token = `gAAAAA${'x'.repeat(80)}`;
    await send(test.url, { path: `/traits?token=${token}`, headers: { 'x-auth-token': token } });
    await send(test.url, { path: `/${token}`, headers: { 'x-auth-token': 'ann:secret-project' } });
    const { text } = await admin.metrics();
    const { password } = new URL(test.databaseUrl);
    assert.ok(password !== '');
    for (const secret of ['gAAAAA', 'secret-project', 'ann', password]) assert.ok(!text.includes(secret), secret);
  });

  it('of several workers become one', async () => {
    const other = await startTestService({ databaseUrl: test.databaseUrl });
    try {
      const uuid = await createProvider(test.api, 'one');
      await setInventories(test.api, uuid, { VCPU: { total: 8 } });
      for (const { url } of [test, test, other]) await send(url, { path: '/traits' });
      await Promise.all([test, other].map(({ service }) => service.topology.current()));
      const snapshots = await Promise.all([test, other].map(({ service }) => service.metrics.snapshot()));
      // As they come from another process.
      const sent = JSON.parse(JSON.stringify(snapshots)) as typeof snapshots;
      const { value } = parseMetrics(await renderMetrics(sent, await other.service.metrics.capacity()));
      assert.equal(value(requests('method="GET",route="/traits",status="200"')), 3);
      assert.equal(value(`${DURATION}_bucket{le="+Inf",method="GET",route="/traits",status="200"}`), 3);
      assert.equal(value('stockroom_topology_objects{kind="provider"}'), 1);
      assert.equal(value('stockroom_build_info{version="0.1.0"}'), 1);
      assert.equal(value('stockroom_topology_loaded'), 1);
      assert.equal(value('openstack_placement_resource_total{hostname="one",resourcetype="VCPU"}'), 8);
    } finally {
      await other.close();
    }
  });

  it('survive the way from a worker, also an event loop that was not measured since they were asked for', async () => {
    const watched = await startTestService({ databaseUrl: test.databaseUrl, config: { adminPort: 1 } });
    try {
      for (let n = 0, isMeasured = true; isMeasured; n++) {
        assert.ok(n < 1000, 'the event loop was always measured: the test shows nothing');
        // Between two that are asked for at once there is little time to measure it.
        for (const snapshot of await Promise.all([1, 2, 3].map(() => watched.service.metrics.snapshot()))) {
          for (const { name, values } of snapshot) {
            for (const { value } of values) assert.ok(Number.isFinite(value), `${name} is ${value}`);
          }
          const { names } = parseMetrics(await renderMetrics([snapshot], ''));
          isMeasured &&= names.has('nodejs_eventloop_lag_mean_seconds');
        }
      }
    } finally {
      await watched.close();
    }
  });

  const untilMetrics = (isSo: (metrics: Metrics) => boolean): Promise<Metrics> =>
    until('the metrics say so', async () => {
      const metrics = await admin.metrics();
      return isSo(metrics) && metrics;
    });
});

describe('metrics of what goes wrong', () => {
  it('count transactions that ran again, and those whose outcome is not known', async () => {
    const database = await createTestDatabase();
    const proxy = await startProxy(database);
    const test = await startTestService({ databaseUrl: proxy.url(database) });
    const admin = await startAdmin(test.service);
    try {
      const uuid = await createProvider(test.api, 'one');
      const generation = await setInventories(test.api, uuid, { VCPU: { total: 1 } });
      const holder = await connect(database);
      await holder.query('begin');
      await holder.query('select from resource_providers for update');
      const slow = claim(test.api, { [uuid]: { VCPU: 1 } }).then(({ status }) => status);
      // The session that waits is ended: the transaction runs again on another.
      // One that has just left the row is idle when it ends, and nothing runs again.
      const waiting = `select pg_terminate_backend(pid) from pg_stat_activity
                       where wait_event_type = 'Lock' and datname = current_database()`;
      const retried = async (): Promise<number> =>
        (await admin.metrics()).value('stockroom_transactions_retried_total{reason="connection"}') ?? 0;
      await until('a transaction runs again', async () => {
        if ((await retried()) > 0) return true;
        await sql(database, waiting);
        return false;
      });
      await holder.query('rollback');
      await holder.end();
      assert.equal(await slow, 204);
      let { value } = await admin.metrics();
      assert.equal(value('stockroom_transactions_outcome_unknown_total'), 0);

      const put = test.api.put(`/resource_providers/${uuid}/inventories`, {
        resource_provider_generation: generation + 1,
        inventories: { VCPU: { total: 8 } },
      });
      const [response] = await Promise.all([put, proxy.cutAfter('inventories')]);
      assert.equal(response.status, 503);
      ({ value } = await admin.metrics());
      assert.equal(value('stockroom_transactions_outcome_unknown_total'), 1);
      assert.equal(value('stockroom_database_usable'), 1);

      await test.api.get('/resource_providers').expect(200);
      await proxy.reject();
      await claim(test.api, { [uuid]: { VCPU: 1 } }).expect(503);
      // The view in memory is shown, as old as it says.
      ({ value } = await admin.metrics());
      assert.equal(value('stockroom_database_usable'), 0);
      assert.equal(value('stockroom_claim_requests_total{outcome="failed"}'), 1);
      assert.notEqual(value('openstack_placement_resource_total{hostname="one",resourcetype="VCPU"}'), undefined);
      await proxy.accept();
    } finally {
      admin.close();
      await test.close();
      await proxy.close();
      await dropTestDatabase(database);
    }
  });

  it('come without waiting long for a database that does not respond', async () => {
    const database = await createTestDatabase();
    const proxy = await startProxy(database);
    const test = await startTestService({ databaseUrl: proxy.url(database) });
    const admin = await startAdmin(test.service);
    try {
      await createProvider(test.api, 'one');
      await test.api.get('/resource_providers').expect(200);
      proxy.swallow();
      const start = performance.now();
      const { value } = await admin.metrics();
      assertWithin(1000, start);
      assert.equal(value('stockroom_topology_objects{kind="provider"}'), 1);
    } finally {
      admin.close();
      proxy.release();
      proxy.cut();
      await test.close();
      await proxy.close();
      await dropTestDatabase(database);
    }
  });

  it('count tokens by the result of their validation', async () => {
    const keystone = await startKeystone();
    const test = await startTestService({ config: keystone.config() });
    const admin = await startAdmin(test.service);
    try {
      assert.equal((await admin.metrics()).value('stockroom_keystone_responds'), undefined);
      const ask = (token: string) => send(test.url, { path: '/traits', headers: { 'x-auth-token': token } });
      const good = keystone.issue();
      for (let i = 0; i < 3; i++) await ask(good);
      for (let i = 0; i < 2; i++) await ask('gAAAAA-made-up');
      assert.equal((await admin.metrics()).value('stockroom_keystone_responds'), 1);
      keystone.behaviour = 503;
      assert.equal((await ask(keystone.issue())).status, 503);
      const { value, text } = await admin.metrics();
      const tokens = ['cached', 'validated', 'rejected', 'failed'].map((result) =>
        value(`stockroom_tokens_total{result="${result}"}`),
      );
      assert.deepEqual(tokens, [3, 1, 1, 1]);
      assert.equal(value('stockroom_keystone_responds'), 0);
      assert.equal(value(requests('method="GET",route="(none)",status="503"')), 1);
      assert.ok(!text.includes(good) && !text.includes('pass-word'));
    } finally {
      admin.close();
      await test.close();
      await keystone.stop();
    }
  });
});

describe('capacity metrics', () => {
  it('can be turned off, and have a bound that says what it leaves out', async () => {
    const test = await startTestService({ config: { capacityMetricsLimit: 2 } });
    const off = await startTestService({
      databaseUrl: test.databaseUrl,
      config: { capacityMetrics: false, maxPoolSize: 0 },
    });
    const [admin, adminOff] = [await startAdmin(test.service), await startAdmin(off.service)];
    try {
      for (const name of ['a', 'b', 'c', 'd', 'e']) {
        await setInventories(test.api, await createProvider(test.api, name), { VCPU: { total: 1 } });
      }
      // A scrape waits a quarter of a second for the newest, and shows what there is.
      await Promise.all([test, off].map(({ service }) => service.topology.current()));
      const { text, value } = await admin.metrics();
      const shown = [...text.matchAll(/resource_total\{hostname="(\w)"/g)].map(([, name]) => name);
      assert.deepEqual(shown, ['a', 'b']);
      assert.equal(value('stockroom_capacity_providers_left_out'), 3);
      const without = await adminOff.metrics();
      assert.ok(!without.text.includes('openstack_placement'));
      // Without a bound there is none to show: JSON, in which workers send it, has no infinity.
      assert.equal(without.value('stockroom_pool_connections_max'), undefined);
      assert.equal(without.value('stockroom_topology_objects{kind="provider"}'), 5);
    } finally {
      admin.close();
      adminOff.close();
      await off.close();
      await test.close();
    }
  });
});
