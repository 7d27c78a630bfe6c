import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { csvTable, duckdb, parquetTable } from '../support/duckdb.js';
import { listOf } from '../support/lists.js';
import { cleanUp } from '../support/process.js';
import { createProvider, setInventories, startTestService, type TestService } from '../support/service.js';

const HOSTS = 40;
const MOVERS = 40;
const CLAIMANTS = 10;
const LISTS = 4;

const OWNER = { project_id: 'p', user_id: 'u', consumer_type: 'INSTANCE' };

describe('an inventory list while 50 clients claim and move', function () {
  let test: TestService;
  const hosts: string[] = [];
  before(async () => {
    test = await startTestService();
    for (let i = 0; i < HOSTS; i++) {
      const uuid = await createProvider(test.api, `host-${i}`);
      const roomy = { total: 100_000 };
      await setInventories(test.api, uuid, { VCPU: roomy, MEMORY_MB: roomy, DISK_GB: roomy, PGPU: roomy });
      hosts.push(uuid);
    }
  });
  after(async () => {
    await test.close();
    await cleanUp();
  });

  it('is of one moment: moves change no sum, and what is claimed together is in it together', async () => {
    const consumers = await Promise.all(
      Array.from({ length: MOVERS }, async (_, i) => {
        const consumer = randomUUID();
        const resources = { VCPU: 1 + (i % 7), MEMORY_MB: 100 + i };
        await test.api
          .put(`/allocations/${consumer}`, {
            ...OWNER,
            consumer_generation: null,
            allocations: { [hosts[i % HOSTS]!]: { resources } },
          })
          .expect(204);
        return { consumer, resources };
      }),
    );
    const expected = { VCPU: 0, MEMORY_MB: 0 };
    for (const { resources } of consumers) {
      expected.VCPU += resources.VCPU;
      expected.MEMORY_MB += resources.MEMORY_MB;
    }
    let [isOver, moves, claims] = [false, 0, 0];

    /** From host to host, in one request each. */
    async function move({ consumer, resources }: (typeof consumers)[number], first: number): Promise<void> {
      for (let generation = 1; !isOver;) {
        const host = hosts[(first + 7 * generation) % HOSTS]!;
        const { status } = await test.api.post('/allocations', {
          [consumer]: { ...OWNER, consumer_generation: generation, allocations: { [host]: { resources } } },
        });
        // 409: another client has changed the generation of a host meanwhile.
        if (status === 204) [generation, moves] = [generation + 1, moves + 1];
        else assert.equal(status, 409);
      }
    }

    /** As much of two classes, on two hosts, in one request each. */
    async function claim(first: number): Promise<void> {
      for (let n = first; !isOver; n++) {
        const amount = 1 + (n % 5);
        const { status } = await test.api.put(`/allocations/${randomUUID()}`, {
          ...OWNER,
          consumer_generation: null,
          allocations: {
            [hosts[n % HOSTS]!]: { resources: { DISK_GB: amount } },
            [hosts[(n + 3) % HOSTS]!]: { resources: { PGPU: amount } },
          },
        });
        if (status === 204) claims++;
        else assert.equal(status, 409);
      }
    }

    const clients = [
      ...consumers.map((one, i) => move(one, i)),
      ...Array.from({ length: CLAIMANTS }, (_, i) => claim(i)),
    ];
    try {
      const claimed: number[] = [];
      for (let i = 0; i < LISTS; i++) {
        const format = i % 2 === 0 ? 'csv' : 'parquet';
        const before = { moves, claims };
        const list = await listOf(test.databaseUrl, { format, fields: ['ResourceClass', 'Used'] });
        assert.ok(moves > before.moves && claims > before.claims, 'clients went on meanwhile');
        const files = list.parts.map(({ path }) => path);
        const table = format === 'csv' ? csvTable(files, list.schema) : parquetTable(files);
        const sums = await duckdb(`select ResourceClass, sum(Used)::integer as used from ${table} group by all`);
        const used = Object.fromEntries(
          sums.map(({ ResourceClass, used: sum }) => [String(ResourceClass), Number(sum)]),
        );
        assert.deepEqual({ VCPU: used['VCPU'], MEMORY_MB: used['MEMORY_MB'] }, expected);
        assert.equal(used['DISK_GB'], used['PGPU']);
        claimed.push(used['DISK_GB']!);
      }
      assert.ok(claimed.at(-1)! > claimed[0]!, 'later lists have later claims');
    } finally {
      isOver = true;
      await Promise.all(clients);
    }
  });
});
