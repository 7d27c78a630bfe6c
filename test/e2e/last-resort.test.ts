import assert from 'node:assert/strict';
import path from 'node:path';
import { connect, createTestDatabase, dropTestDatabase, sql } from '../support/database.js';
import { cleanUp, ROOT, startProcess } from '../support/process.js';
import { createProvider, setInventories } from '../support/service.js';
import { until } from '../support/until.js';
import { errorOf, send } from '../support/raw-request.js';
import { assertWithin } from '../support/patience.js';

/** docs/adr/0009: what real processes do about failures that no code handles. */
for (const workers of ['1', '2']) {
  describe(`a failure that no code handles, with workers = ${workers}`, () => {
    let databaseUrl: string;
    before(async () => {
      databaseUrl = await createTestDatabase();
    });
    after(async () => {
      await cleanUp();
      await dropTestDatabase(databaseUrl);
    });

    const start = async (accidents: string) => {
      const run = startProcess(['--port', '0', '--workers', workers], {
        OS_PLACEMENT_DATABASE__CONNECTION: databaseUrl,
        NODE_OPTIONS: `--require=${path.join(ROOT, 'test/support/cause-accidents.cjs')}`,
        ACCIDENTS: accidents,
      });
      const { url, api } = await run.listening();
      const serving = (): number[] => (workers === '1' ? [run.pid] : run.workers());
      const accident = (): void => {
        for (const pid of serving()) process.kill(pid, 'SIGUSR2');
      };
      return { run, url, api, serving, accident };
    };

    it('is logged when it is a rejection or a broken connection, and the process goes on', async () => {
      const { run, api, serving, accident } = await start('rejection,nothing,reset');
      const before = serving();
      accident();
      await run.logged(/"level":"error",.*the rejection of a test.*a promise was rejected; the process goes on"/);
      accident();
      await run.logged(/not an error was thrown: undefined.*a promise was rejected; the process goes on"/);
      accident();
      await run.logged(/"level":"error",.*read ECONNRESET.*a connection broke; the process goes on"/);
      for (let i = 0; i < 4; i++) await api.get('/resource_providers').expect(200);
      assert.deepEqual(serving(), before);
      run.signal('SIGTERM');
      assert.equal(await run.ended(), 0);
    });

    it('ends the process when it is an exception: those who wait get 500, and the log is whole', async () => {
      const { run, url, api, serving, accident } = await start('exception');
      const uuid = await createProvider(api, `host-${workers}`);
      await setInventories(api, uuid, { VCPU: { total: 1 } });
      const holder = await connect(databaseUrl);
      try {
        await holder.query('begin');
        await holder.query('select from resource_providers for update');
        const waiting = send(url, {
          method: 'PUT',
          path: `/resource_providers/${uuid}/inventories`,
          body: JSON.stringify({ resource_provider_generation: 1, inventories: {} }),
        });
        await until('the request waits for the row', async () => {
          const [row] = await sql<{ n: number }>(
            databaseUrl,
            `select count(*)::int as n from pg_stat_activity
             where datname = current_database() and wait_event_type = 'Lock'`,
          );
          return row?.n === 1;
        });
        const before = serving();
        const begin = performance.now();
        accident();
        const response = await waiting;
        assert.equal(response.status, 500);
        assert.equal(response.headers.connection, 'close');
        const { detail, request_id: id } = errorOf(response);
        assert.match(detail, /may or may not have been made/);
        await run.logged(/"level":"fatal",.*the exception of a test.*the process ends"/);
        await run.logged(new RegExp(`"request_id":"${id}".*"status":500`));
        if (workers === '1') {
          assert.equal(await run.ended(), 1);
          assertWithin(8000, begin, 'no deadline ends it');
          return;
        }
        await until('others take their places', () => {
          const now = serving();
          return now.length === 2 && now.every((pid) => !before.includes(pid));
        });
      } finally {
        await holder.end();
      }
      await until('they serve', async () => (await send(url, { path: '/resource_providers' })).status === 200);
      run.signal('SIGTERM');
      assert.equal(await run.ended(), 0);
    });
  });
}
