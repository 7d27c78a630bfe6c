import assert from 'node:assert/strict';
import fc from 'fast-check';
import type pg from 'pg';
import { connect, createTestDatabase, dropTestDatabase, sql } from '../support/database.js';
import { SEED } from '../support/hand-typed-sql.js';

/** `inventories.used` is the sum of the allocations, always, whichever client writes them. */
describe('inventories.used', () => {
  let url: string;
  before(async () => {
    url = await createTestDatabase();
  });
  after(() => dropTestDatabase(url));
  beforeEach(() =>
    sql(url, `truncate allocations, consumers, projects, users restart identity; ${SEED.join(';')}; ${CONSUMERS}`),
  );

  it('follows any hand-typed SQL, with rollbacks and savepoints', async () => {
    const client = await connect(url);
    const property = fc.asyncProperty(fc.array(steps(), { minLength: 1, maxLength: 25 }), async (program) => {
      await client.query('truncate allocations');
      for (const statement of program) await client.query(statement).catch(ignoreRejection);
      // A program may end inside a transaction, which sees its own writes.
      await client.query('rollback to savepoint s').catch(() => undefined);
      await assertSums(client);
      await client.query('commit');
      await assertSums(client);
    });
    try {
      await fc.assert(property, { numRuns: 60 });
    } finally {
      await client.end();
    }
  });

  it('follows writers that wait for each other', async () => {
    const clients = await Promise.all(Array.from({ length: 4 }, () => connect(url)));
    await Promise.all(
      clients.map(async (client, consumer) => {
        for (let round = 0; round < 40; round++) {
          await client.query('begin');
          await client.query(`delete from allocations where consumer_id = ${consumer + 1}`);
          // One row only: several would be locked in any order, which is why a claim locks its providers first.
          await client.query(`insert into allocations values (${consumer + 1}, 1, 0, ${round + 1})`);
          await client.query(round % 5 === 0 ? 'rollback' : 'commit');
        }
      }),
    );
    const [first] = clients;
    await assertSums(first!);
    const { rows } = await first!.query(
      'select used from inventories where (resource_provider_id, resource_class_id) = (1, 0)',
    );
    assert.deepEqual(rows, [{ used: '160' }]);
    await Promise.all(clients.map((client) => client.end()));
  });
});

const CONSUMERS = `
  insert into projects (external_id) values ('p');
  insert into users (external_id) values ('u');
  insert into consumers (uuid, project_id, user_id) select n::text, 1, 1 from generate_series(1, 4) n`;

/** One line that an operator types; many are rejected by a constraint, which is as good a rollback as any. */
function steps(): fc.Arbitrary<string> {
  const consumer = fc.integer({ min: 1, max: 4 });
  const provider = fc.integer({ min: 1, max: 4 });
  const resourceClass = fc.constantFrom(0, 1, 10000);
  const amount = fc.integer({ min: 0, max: 5 });
  const row = fc.tuple(consumer, provider, resourceClass, amount).map((values) => `(${values.join()})`);
  const rows = fc.uniqueArray(row, { minLength: 1, maxLength: 4 }).map((all) => all.join());
  const columns = 'allocations (consumer_id, resource_provider_id, resource_class_id, used)';
  return fc.oneof(
    { weight: 6, arbitrary: rows.map((all) => `insert into ${columns} values ${all} on conflict do nothing`) },
    {
      weight: 3,
      arbitrary: row.map(
        (one) =>
          `insert into ${columns} values ${one}
           on conflict (consumer_id, resource_provider_id, resource_class_id) do update set used = excluded.used + 1`,
      ),
    },
    { weight: 2, arbitrary: amount.map((more) => `update allocations set used = used + ${more} - 2`) },
    { weight: 2, arbitrary: provider.map((id) => `update allocations set resource_provider_id = ${id}`) },
    {
      weight: 2,
      arbitrary: resourceClass.map((id) => `update allocations set resource_class_id = ${id} where used > 2`),
    },
    { weight: 2, arbitrary: consumer.map((id) => `delete from allocations where consumer_id = ${id}`) },
    { weight: 1, arbitrary: fc.constant('truncate allocations') },
    { weight: 2, arbitrary: fc.constant('begin') },
    { weight: 2, arbitrary: fc.constantFrom('commit', 'rollback') },
    { weight: 3, arbitrary: fc.constantFrom('savepoint s', 'rollback to savepoint s', 'release savepoint s') },
  );
}

function ignoreRejection(error: unknown): void {
  // 23 a constraint, 25 no transaction (or a failed one), 3B no such savepoint
  assert.match((error as { code: string }).code, /^(23|25|3B)...$/);
}

async function assertSums(client: pg.Client): Promise<void> {
  const { rows } = await client
    .query(
      `select i.resource_provider_id, i.resource_class_id, i.used, coalesce(sum(a.used), 0) as sum
       from inventories i left join allocations a using (resource_provider_id, resource_class_id)
       group by 1, 2, 3 having i.used <> coalesce(sum(a.used), 0)`,
    )
    .catch((error: unknown) => {
      // In a failed transaction nothing can be seen; its end shows that nothing is left of it.
      if ((error as { code: string }).code !== '25P02') throw error;
      return { rows: [] };
    });
  assert.deepEqual(rows, []);
}
