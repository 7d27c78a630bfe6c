import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { pino } from 'pino';
import { migrateDatabase } from '../../src/db/migrate.js';
import { defaultConfig } from '../../src/config.js';
import { claim, usagesOf } from '../support/claims.js';
import { removeClusters } from '../support/cluster.js';
import { createEmptyDatabase, dropTestDatabase, sql } from '../support/database.js';
import { checkLedger } from '../support/ledger.js';
import { startPatient, type Patient } from '../support/outage.js';
import { missingPgBouncer, startPgBouncer, type PgBouncer } from '../support/pgbouncer.js';
import { createProvider, setInventories, startTestService } from '../support/service.js';
import { until } from '../support/until.js';

const missing = missingPgBouncer();

/** Each transaction gets another session: nothing may be left in one. Debian's pgbouncer keeps no prepared statements. */
describe(`behind pgbouncer in transaction mode${missing === null ? '' : ` [${missing}]`}`, function () {
  let url: string;
  let bouncer: PgBouncer;
  let test: Patient;
  const config = { preparedStatements: false, syncOnStartup: true };
  before(async function () {
    if (missing !== null) this.skip();
    url = await createEmptyDatabase();
    bouncer = await startPgBouncer(url);
    await migrateDatabase(defaultConfig(config), bouncer.url(url));
    test = await startPatient(bouncer.url(url), config);
  });
  after(async () => {
    if (missing !== null) return;
    await test.close();
    await bouncer.stop();
    await dropTestDatabase(url);
    await removeClusters();
  });

  it('migrates, and leaves no lock behind in a session of the pooler', async () => {
    // The service of this test may hold one for a moment.
    await until('there is no lock', async () => {
      const locks = await sql(
        url,
        `select * from pg_locks
         where locktype = 'advisory' and database = (select oid from pg_database where datname = current_database())`,
      );
      return locks.length === 0;
    });
    assert.deepEqual(await migrateDatabase(defaultConfig(config), bouncer.url(url)), []);
  });

  it('claims, reads and searches from many clients at once are right', async () => {
    const hosts = await Promise.all([1, 2, 3].map(() => createProvider(test.api, randomUUID())));
    for (const host of hosts) await setInventories(test.api, host, { VCPU: { total: 100 } });
    const round = (i: number) => ({ [hosts[i % 3] ?? '']: { VCPU: 1 }, [hosts[(i + 1) % 3] ?? '']: { VCPU: 1 } });
    const responses = await Promise.all(Array.from({ length: 120 }, (_, i) => claim(test.api, round(i))));
    assert.deepEqual([...new Set(responses.map(({ status }) => status))], [204]);
    for (const host of hosts) assert.deepEqual(await usagesOf(test.api, host), { VCPU: 80 });
    for (let n = 0; n < 10; n++) {
      const all = await test.askEverything();
      for (const [what, { status }] of Object.entries(all)) assert.ok(status < 300, `${what}: ${status}`);
    }
    await checkLedger(url);
    assert.deepEqual(await test.service.topology.audit(), []);
    assert.deepEqual(test.troubles(), []);
  });

  it('its restart is a short outage like any other', async () => {
    const before = test.troubles().length;
    await bouncer.stop();
    await test.rejectsEverything();
    const { port } = new URL(bouncer.url(url));
    bouncer = await startPgBouncer(url, Number(port));
    await test.recovers(url);
    assert.equal(test.troubles().length - before, 2);
  });

  it('that loses prepared statements is named in the log, with what to do', async () => {
    const lines: string[] = [];
    const log = pino({ level: 'error' }, { write: (line: string) => lines.push(line) });
    const naive = await startTestService({ databaseUrl: bouncer.url(url), log });
    const ask = async (n: number): Promise<number> => (await naive.api.get(`/allocations/${n}`)).status;
    await until('statements are missing', async () => {
      const statuses = await Promise.all(Array.from({ length: 20 }, (_, n) => ask(n)));
      return statuses.includes(500);
    });
    await naive.close();
    assert.match(lines[0] ?? '', /prepared statement .*Set \[stockroom\] prepared_statements = false/);
  });
});
