import assert from 'node:assert/strict';
import { setTimeout } from 'node:timers/promises';
import fc from 'fast-check';
import { assertIndexed } from '../support/compare.js';
import { connect, createTestDatabase, dropTestDatabase, sql } from '../support/database.js';
import { SEED } from '../support/hand-typed-sql.js';
import { patience } from '../support/patience.js';
import { startReplica } from '../support/replica.js';

describe('random concurrent writers', () => {
  it('never leave the topology different from the database, and each sees what it wrote', async () => {
    const url = await createTestDatabase();
    await sql(url, SEED.join(';'));
    const replica = startReplica(url);
    const clients = await Promise.all([1, 2, 3, 4].map(() => connect(url)));
    let applied = 0;
    const property = fc.asyncProperty(fc.array(programs(), { minLength: 4, maxLength: 4 }), async (four) => {
      const state = { running: true };
      const writers = four.map(async (program, at) => {
        const client = clients[at]!;
        for (const { statements, pause, end } of program) {
          await client.query(`begin; set local lock_timeout = ${patience(500)}`);
          try {
            for (const statement of statements) await client.query(statement);
            if (pause > 3) await setTimeout(pause);
            const { rows } = await client.query<{ id: number; generation: number }>(
              `update resource_providers set generation = generation + 1 where id = (select min(id) from resource_providers)
               returning id, generation`,
            );
            await client.query(end);
            if (end === 'rollback') continue;
            applied++;
            const [written] = rows;
            const provider = (await replica.current()).providers.get(written?.id ?? 0);
            assert.ok(
              provider === undefined || provider.generation >= written!.generation,
              'does not see its own write',
            );
          } catch (error) {
            // Rejected by a constraint, a deadlock or the time limit: a rollback like any other.
            if (error instanceof assert.AssertionError) throw error;
            await client.query('rollback');
          }
        }
      });
      const auditing = (async () => {
        while (state.running) {
          assert.deepEqual(await replica.audit(), []);
          for (let n = 0; n < 10; n++) await replica.current();
        }
      })();
      await Promise.all(writers).finally(() => (state.running = false));
      await auditing;
      assert.deepEqual(await replica.audit(), []);
      assertIndexed(await replica.current());
    });
    try {
      // Two at least; more when most transactions were rejected.
      for (let run = 0; run < 2 || applied <= 50; run++) await fc.assert(property, { numRuns: 1, endOnFailure: true });
      assert.equal(replica.status().loads, 1);
    } finally {
      await Promise.all(clients.map((client) => client.end()));
      await replica.close();
      await dropTestDatabase(url);
    }
  });
});

interface Transaction {
  readonly statements: readonly string[];
  readonly pause: number;
  readonly end: 'commit' | 'rollback';
}

function programs(): fc.Arbitrary<Transaction[]> {
  const id = fc.integer({ min: 1, max: 6 });
  const statement = fc.tuple(id, id, fc.nat(9)).chain(([one, other, n]) =>
    fc.constantFrom(
      `insert into resource_providers (id, uuid, name, root_provider_id) values (${one}, gen_random_uuid(), 'p${n}', ${one})
       on conflict do nothing`,
      `delete from resource_providers where id = ${one} and not exists
         (select from resource_providers where parent_provider_id = ${one})`,
      `update resource_providers set name = 'q${n}' || id where id in (${one}, ${other})`,
      `update resource_providers set parent_provider_id = 1, root_provider_id = 1 where id = ${one} and id > 1
         and not exists (select from resource_providers where parent_provider_id = ${one})`,
      `update resource_providers set parent_provider_id = null, root_provider_id = id where id = ${one}`,
      `insert into inventories select id, ${n % 4}, 5, 0, 1, 5, 1, 1.0 from resource_providers where id = ${one}
       on conflict (resource_provider_id, resource_class_id) do update set total = ${n + 1}`,
      `delete from inventories where resource_class_id = ${n % 4}`,
      `insert into resource_provider_traits select p.id, t.id from resource_providers p, traits t
       where p.id = ${one} and t.id <= ${n % 5} on conflict do nothing`,
      `delete from resource_provider_traits where resource_provider_id = ${one}`,
      `insert into resource_provider_aggregates select id, 'aggregate-${n}' from resource_providers where id in (${one}, ${other})
       on conflict do nothing`,
      `delete from resource_provider_aggregates where aggregate_uuid = 'aggregate-${n}'`,
      `savepoint s; delete from inventories where resource_provider_id = ${one}; rollback to savepoint s`,
    ),
  );
  const transaction = fc.record({
    statements: fc.array(statement, { minLength: 1, maxLength: 4 }),
    pause: fc.nat(8),
    end: fc.constantFrom('commit' as const, 'commit' as const, 'commit' as const, 'rollback' as const),
  });
  return fc.array(transaction, { minLength: 15, maxLength: 25 });
}
