import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { claimBody } from '../support/claims.js';
import { createTestDatabase, dropTestDatabase, sql } from '../support/database.js';
import { checkLedger } from '../support/ledger.js';
import { cleanUp, startProcess } from '../support/process.js';
import { createProvider, setInventories } from '../support/service.js';
import { until } from '../support/until.js';

describe('a process that is killed with claims in flight', () => {
  let databaseUrl: string;
  before(async () => {
    databaseUrl = await createTestDatabase();
  });
  after(async () => {
    await cleanUp();
    await dropTestDatabase(databaseUrl);
  });

  it('leaves each claim made or not made, no lock, and a ledger that adds up', async () => {
    const env = { OS_PLACEMENT_DATABASE__CONNECTION: databaseUrl };
    for (let round = 0; round < 2; round++) {
      const run = startProcess(['--port', '0'], env);
      const { api } = await run.listening();
      const hosts = await Promise.all([1, 2, 3].map(() => createProvider(api, randomUUID())));
      for (const host of hosts) await setInventories(api, host, { VCPU: { total: 1_000_000 } });
      // Three providers and two consumers each: much that could be half done.
      const pairs: [string, string][] = [];
      const acknowledged = new Set<string>();
      let going = true;
      const claiming = Array.from({ length: 16 }, async () => {
        while (going) {
          const pair: [string, string] = [randomUUID(), randomUUID()];
          pairs.push(pair);
          const body = claimBody(Object.fromEntries(hosts.map((host) => [host, { VCPU: 1 }])));
          const response = await api
            .post('/allocations', { [pair[0]]: body, [pair[1]]: body })
            .then(({ status }) => status)
            .catch(() => null);
          if (response === null) return;
          assert.equal(response, 204);
          acknowledged.add(pair[0]);
        }
      });
      await until('claims are acknowledged', () => acknowledged.size > 50);
      run.signal('SIGKILL');
      await run.ended();
      going = false;
      await Promise.all(claiming);

      // Its sessions end when the server finds the connection gone.
      await until('its sessions have ended', async () => {
        const sessions =
          "select from pg_stat_activity where application_name = 'stockroom' and datname = current_database()";
        return (await sql(databaseUrl, sessions)).length === 0;
      });
      const rows = await sql<{ uuid: string; count: number }>(
        databaseUrl,
        'select c.uuid, count(*)::int from consumers c join allocations a on a.consumer_id = c.id group by c.uuid',
      );
      const has = new Map(rows.map(({ uuid, count }) => [uuid, count]));
      for (const [one, other] of pairs) {
        assert.ok(has.get(one) === has.get(other) && [undefined, 3].includes(has.get(one)), 'half a claim');
        if (acknowledged.has(one)) assert.equal(has.get(one), 3, 'an acknowledged claim is gone');
      }
      await checkLedger(databaseUrl);
    }
  });
});
