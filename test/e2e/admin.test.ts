import assert from 'node:assert/strict';
import net from 'node:net';
import { connect, createTestDatabase } from '../support/database.js';
import { parseMetrics, untilInFlight } from '../support/metrics.js';
import { cleanUp, runToEnd, startProcess, type RunningProcess } from '../support/process.js';
import { createProvider } from '../support/service.js';
import { sendElsewhere } from '../support/raw-request.js';
import { freePorts } from '../support/free-ports.js';
import { until } from '../support/until.js';

describe('the admin listener', () => {
  after(cleanUp);

  const adminUrl = async (run: RunningProcess): Promise<string> =>
    (await run.printed(/Health and metrics: (http:\S+)\/metrics\n/))[1] ?? '';

  it('serves health and metrics and nothing else, apart from the API', async () => {
    const connection = await createTestDatabase();
    const run = startProcess(['--port', '0', '--admin-port', '0'], { OS_PLACEMENT_DATABASE__CONNECTION: connection });
    const { api } = await run.listening();
    const url = await adminUrl(run);
    await createProvider(api, 'one');

    const { status, headers, text } = await sendElsewhere(url, { path: '/metrics?x=1' });
    assert.equal(status, 200);
    assert.equal(headers['content-type'], 'text/plain; version=0.0.4; charset=utf-8');
    const { value, names } = parseMetrics(text);
    assert.equal(
      value('stockroom_http_request_duration_seconds_count{method="POST",route="/resource_providers",status="200"}'),
      1,
    );
    for (const name of [
      'process_start_time_seconds',
      'process_cpu_seconds_total',
      'nodejs_eventloop_lag_p99_seconds',
    ]) {
      assert.ok(names.has(name), name);
    }
    assert.ok(!text.includes(new URL(connection).password));

    for (const path of ['/', '/resource_providers', '/metrics/', '/config']) {
      const response = await sendElsewhere(url, { path });
      assert.equal(response.status, 404);
      for (const known of ['/healthz', '/readyz', '/metrics']) assert.ok(response.text.includes(known), response.text);
    }
    const post = await sendElsewhere(url, { path: '/metrics', method: 'POST' });
    assert.deepEqual([post.status, post.headers['allow']], [405, 'GET, HEAD']);
    const head = await sendElsewhere(url, { path: '/readyz', method: 'HEAD' });
    assert.deepEqual([head.status, head.text], [200, '']);
    // The API's own port has health, and no metrics.
    await api.get('/readyz').expect(200);
    await api.get('/metrics').expect(404);
    run.signal('SIGTERM');
    assert.equal(await run.ended(), 0);
  });

  it('lives and is not ready while the database is not there yet', async () => {
    const run = startProcess(['--port', '0', '--admin-port', String(await freePorts(1))], {
      OS_PLACEMENT_DATABASE__CONNECTION: 'postgresql://x:y@127.0.0.1:1/x',
    });
    await run.printed(/Trying again/);
    const url = await adminUrl(run);
    assert.equal((await sendElsewhere(url, { path: '/healthz' })).status, 200);
    const { status, text } = await sendElsewhere(url, { path: '/readyz' });
    assert.deepEqual([status, JSON.parse(text)], [503, { ready: false, reason: 'starting', draining: false }]);
    assert.equal((await sendElsewhere(url, { path: '/metrics' })).status, 200);
    run.signal('SIGTERM');
    assert.equal(await run.ended(), 0);
  });

  it('says no while the process finishes what has begun', async () => {
    const connection = await createTestDatabase();
    const run = startProcess(['--port', '0', '--admin-port', '0'], { OS_PLACEMENT_DATABASE__CONNECTION: connection });
    const { api } = await run.listening();
    const url = await adminUrl(run);
    const uuid = await createProvider(api, 'slow');
    const holder = await connect(connection);
    await holder.query('begin');
    await holder.query('select from resource_providers for update');
    const slow = api
      .put(`/resource_providers/${uuid}/inventories`, { resource_provider_generation: 0, inventories: {} })
      .then(({ status }) => status);
    await untilInFlight(run, 1);

    run.signal('SIGTERM');
    const readiness = await until('it is not ready', async () => {
      const response = await sendElsewhere(url, { path: '/readyz' });
      return response.status === 200 ? false : response;
    });
    assert.equal(readiness.status, 503);
    assert.match(readiness.text, /"reason":"draining"/);
    assert.equal((await sendElsewhere(url, { path: '/healthz' })).status, 200);
    await holder.query('commit');
    await holder.end();
    assert.equal(await slow, 200);
    assert.equal(await run.ended(), 0);
  });

  it('says which option to change when its port is in use', async () => {
    const taken = net.createServer();
    await new Promise<void>((resolve) => taken.listen(0, '127.0.0.1', resolve));
    const { port } = taken.address() as net.AddressInfo;
    const { code, errors } = await runToEnd(['--admin-port', String(port)], {
      OS_PLACEMENT_DATABASE__CONNECTION: 'postgresql://x:y@127.0.0.1:1/x',
    });
    assert.equal(code, 1);
    assert.match(errors, new RegExp(`port ${port} of 127\\.0\\.0\\.1 is in use; choose another with --admin-port`));
    await new Promise((resolve) => taken.close(resolve));
  });
});
