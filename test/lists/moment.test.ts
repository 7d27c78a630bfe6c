import assert from 'node:assert/strict';
import { csvTable, duckdb, parquetTable } from '../support/duckdb.js';
import { listOf } from '../support/lists.js';
import { createRoomyHosts, startMovers } from '../support/moving-clients.js';
import { cleanUp } from '../support/process.js';
import { startTestService, type TestService } from '../support/service.js';
import { until } from '../support/until.js';

const HOSTS = 40;
const MOVERS = 40;
const CLAIMANTS = 10;
const LISTS = 4;

describe('an inventory list while 50 clients claim and move', function () {
  let test: TestService;
  let hosts: string[];
  before(async () => {
    test = await startTestService();
    hosts = await createRoomyHosts(
      test.api,
      Array.from({ length: HOSTS }, (_, i) => `host-${i}`),
    );
  });
  after(async () => {
    await test.close();
    await cleanUp();
  });

  it('is of one moment: moves change no sum, and what is claimed together is in it together', async () => {
    const movers = await startMovers(test.api, hosts, { movers: MOVERS, claimants: CLAIMANTS });
    try {
      const claimed: number[] = [];
      for (let i = 0; i < LISTS; i++) {
        const format = i % 2 === 0 ? 'csv' : 'parquet';
        const before = { ...movers.done };
        const list = await listOf(test.databaseUrl, { format, fields: ['ResourceClass', 'Used'] });
        // The next list has later claims, whatever pauses meanwhile.
        await until(
          'clients go on',
          () => movers.done.moves > before.moves && movers.done.claims > before.claims,
          60_000,
        );
        const files = list.parts.map(({ path }) => path);
        const table = format === 'csv' ? csvTable(files, list.schema) : parquetTable(files);
        const sums = await duckdb(`select ResourceClass, sum(Used)::integer as used from ${table} group by all`);
        const used = Object.fromEntries(
          sums.map(({ ResourceClass, used: sum }) => [String(ResourceClass), Number(sum)]),
        );
        assert.deepEqual({ VCPU: used['VCPU'], MEMORY_MB: used['MEMORY_MB'] }, movers.sums);
        assert.equal(used['DISK_GB'], used['PGPU']);
        claimed.push(used['DISK_GB']!);
      }
      assert.ok(claimed.at(-1)! > claimed[0]!, 'later lists have later claims');
    } finally {
      await movers.end();
    }
  });
});
