import assert from 'node:assert/strict';
import net from 'node:net';
import { setTimeout } from 'node:timers/promises';
import { startEmbedded } from '../../src/db/embedded.js';
import { connect, createTestDatabase, sql } from '../support/database.js';
import { untilInFlight } from '../support/metrics.js';
import { cleanUp, startProcess, temporaryFolder } from '../support/process.js';
import { freePorts } from '../support/free-ports.js';
import { createProvider } from '../support/service.js';
import { until } from '../support/until.js';
import { HEAD_WITHOUT_BODY } from '../support/raw-request.js';

describe('the end of the process', () => {
  after(cleanUp);

  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    it(`finishes the request that has begun, rejects new ones, and exits 0 on ${signal}`, async () => {
      const connection = await createTestDatabase();
      const run = startProcess(['--port', '0'], { OS_PLACEMENT_DATABASE__CONNECTION: connection });
      const { url, api } = await run.listening();
      const uuid = await createProvider(api, 'slow');
      const holder = await connect(connection);
      await holder.query('begin');
      await holder.query('select from resource_providers for update');
      const received = api
        .put(`/resource_providers/${uuid}/inventories`, {
          resource_provider_generation: 0,
          inventories: { VCPU: { total: 8 } },
        })
        .then((response) => response);
      await until('the request waits', async () => (await waitingForLocks(connection)) > 0);

      // Ctrl-C under npm arrives twice: the second one changes nothing. While the process stands still both wait for it, however
      // far apart they were sent; two of a kind would become one.
      run.signal('SIGSTOP');
      run.signal(signal);
      run.signal(signal === 'SIGINT' ? 'SIGTERM' : 'SIGINT');
      run.signal('SIGCONT');
      await until('it rejects connections', () => rejectsConnections(url));
      await holder.query('commit');
      await holder.end();
      assert.equal((await received).status, 200);
      assert.equal(await run.ended(), 0);
      const rows = await sql(connection, 'select total from inventories');
      assert.deepEqual(rows, [{ total: 8 }]);
    });
  }

  it('cuts the waiting short when it is told again', async () => {
    const run = startProcess(['--port', '0', '--admin-port', '0'], {
      OS_PLACEMENT_DATABASE__CONNECTION: await createTestDatabase(),
      OS_STOCKROOM__DRAIN_TIMEOUT: '3600',
    });
    const { url } = await run.listening();
    const { port } = new URL(url);
    // A request whose body never comes.
    const slow = net.connect(Number(port), '127.0.0.1');
    slow.on('error', () => undefined);
    slow.write(HEAD_WITHOUT_BODY);
    await untilInFlight(run, 1);
    run.signal('SIGTERM');
    await run.logged(/"finishing the requests that have begun"/);
    // Another signal counts when it comes a second after the first.
    await setTimeout(1200);
    run.signal('SIGTERM');
    assert.equal(await run.ended(), 0);
  });
});

describe('a database that is not there yet', () => {
  after(cleanUp);

  it('is waited for with growing pauses', async () => {
    const dataDir = await temporaryFolder();
    const port = String(await freePorts(1));
    const once = await startEmbedded({ dataDir, settings: { fsync: 'off', port } });
    const connection = once.connectionString;
    await once.stop();
    const run = startProcess(['--port', '0'], { OS_PLACEMENT_DATABASE__CONNECTION: connection });
    await run.printed(/cannot be used: .*ECONNREFUSED.*Trying again in 0\.25 s\.\n[^]*Trying again in 0\.5 s\./);
    assert.ok(!run.output().includes(new URL(connection).password));

    const database = await startEmbedded({ dataDir, settings: { fsync: 'off', port } });
    const { api } = await run.listening();
    await api.get('/resource_providers').expect(200);
    run.signal('SIGTERM');
    assert.equal(await run.ended(), 0);
    await database.stop();
  });

  it('does not keep the process from ending', async () => {
    const run = startProcess(['--port', '0'], { OS_PLACEMENT_DATABASE__CONNECTION: 'postgresql://u@127.0.0.1:1/d' });
    await run.printed(/Trying again/);
    run.signal('SIGTERM');
    assert.equal(await run.ended(), 0);
  });
});

async function waitingForLocks(connection: string): Promise<number> {
  const rows = await sql<{ count: number }>(
    connection,
    "select count(*)::int from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'",
  );
  return rows[0]?.count ?? 0;
}

function rejectsConnections(url: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = net.connect(Number(new URL(url).port), '127.0.0.1');
    socket.once('connect', () => {
      socket.destroy();
      resolve(false);
    });
    socket.once('error', () => {
      resolve(true);
    });
  });
}
