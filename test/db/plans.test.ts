import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import type supertest from 'supertest';
import { createDatabase } from '../../src/db/database.js';
import { connectClient, type Pool } from '../../src/db/pool.js';
import { createClaimWriter } from '../../src/ledger/claims.js';
import type { Claim } from '../../src/ledger/model.js';
import { createLog } from '../../src/ops/log.js';
import { claim } from '../support/claims.js';
import { createTestDatabase, dropTestDatabase, sql } from '../support/database.js';
import { createProvider, setInventories, startTestService, type Api } from '../support/service.js';
import { until } from '../support/until.js';

/** How often a service reads a whole table while it does something. */
function wholeReads(url: string, table: string, work: (api: Api) => Promise<void>): Promise<number> {
  return counted(url, `select seq_scan as count from pg_stat_user_tables where relname = '${table}'`, work);
}

/** How many entries of the indexes of tables a service reads while it does something. */
function indexReads(url: string, tables: readonly string[], work: (api: Api) => Promise<void>): Promise<number> {
  const statement = `select sum(idx_tup_read) as count from pg_stat_user_indexes where relname = any ('{${tables.join(',')}}')`;
  return counted(url, statement, work);
}

/** How much a counter of PostgreSQL grows while a service does something; its sessions report that when they end. */
async function counted(url: string, statement: string, work: (api: Api) => Promise<void>): Promise<number> {
  const count = async (): Promise<number> => Number((await sql(url, statement))[0]?.['count']);
  const before = await count();
  const test = await startTestService({ databaseUrl: url });
  await work(test.api);
  await test.close();
  const sessions = `select from pg_stat_activity where datname = current_database() and backend_type = 'client backend'
                    and pid <> pg_backend_pid()`;
  await until('its sessions have ended', async () => (await sql(url, sessions)).length === 0);
  return (await count()) - before;
}

/** What PostgreSQL does for a result: a plan that is right and reads everything is a bug, too. */
describe('the plans of statements', () => {
  let url: string;
  before(async () => {
    url = await createTestDatabase();
    await sql(
      url,
      `insert into projects (id, external_id) values (1, 'large'), (2, 'small');
       insert into users (id, external_id) values (1, 'a-user');
       insert into resource_providers (id, uuid, name, root_provider_id) values (1, gen_random_uuid(), 'host', 1);
       insert into inventories (resource_provider_id, resource_class_id, total, reserved, min_unit, max_unit, step_size, allocation_ratio)
       select 1, class, 1000000, 0, 1, 1000000, 1, 1 from generate_series(0, 2) class;
       insert into consumers (id, uuid, project_id, user_id)
       select n, gen_random_uuid(), case when n <= 300 then 2 else 1 end, 1 from generate_series(1, 20000) n;
       insert into allocations (consumer_id, resource_provider_id, resource_class_id, used)
       select n, 1, class, 1 from generate_series(1, 20000) n, generate_series(0, 2) class;
       analyze`,
    );
  });
  after(() => dropTestDatabase(url));

  /** PostgreSQL plans a prepared statement for any value from the sixth time on. */
  const asking =
    (paths: readonly string[]) =>
    async (api: Api): Promise<void> => {
      for (let n = 0; n < 10; n++) for (const path of paths) await api.get(path).expect(200);
    };

  it('for the usages of a small project beside a large one do not read all allocations', async () => {
    const paths = ['/usages?project_id=small', '/usages?project_id=small&user_id=a-user'];
    assert.equal(await wholeReads(url, 'allocations', asking(paths)), 0);
  });

  it('for one consumer read neither all consumers nor all allocations', async () => {
    const [row] = await sql<{ uuid: string }>(url, 'select uuid from consumers where id = 17');
    const paths = [`/allocations/${row?.uuid ?? ''}`];
    for (const table of ['consumers', 'allocations'])
      assert.equal(await wholeReads(url, table, asking(paths)), 0, table);
  });

  it('are not compiled: that takes longer than the statements', async () => {
    const client = await connectClient({
      connectionString: url,
      maxConnections: 1,
      connectTimeout: 5000,
      statementTimeout: 0,
    });
    const { rows } = await client.query<{ jit: string }>('show jit');
    await client.end();
    assert.deepEqual(rows, [{ jit: 'off' }]);
  });
});

describe('the plans of claims', () => {
  let url: string;
  before(async () => {
    url = await createTestDatabase();
  });
  after(() => dropTestDatabase(url));

  /** The tables grow before autovacuum tells the planner, and a connection keeps its plans. */
  it('scan no table, made while it was empty', async () => {
    const accepted = async (request: supertest.Test): Promise<void> => {
      await request.expect(204);
    };
    const work = async (api: Api): Promise<void> => {
      const host = await createProvider(api, randomUUID());
      await setInventories(api, host, { VCPU: { total: 1000 } });
      for (let n = 0; n < 8; n++) {
        const consumer = randomUUID();
        await accepted(claim(api, { [host]: { VCPU: 1 } }, { consumer }));
        await accepted(claim(api, { [host]: { VCPU: 2 } }, { consumer, consumer_generation: 1 }));
        await accepted(api.delete(`/allocations/${consumer}`));
      }
    };
    for (const table of ['consumers', 'allocations']) {
      await sql(url, `vacuum ${table}`);
      assert.equal(await wholeReads(url, table, work), 0, table);
    }
  });

  /** PostgreSQL reads a small table by an index from end to end, and a connection keeps that plan. */
  it('read no index as a whole, made while its table was small', async () => {
    const many = 5000;
    const claims = 20;
    const grow = (count: number): Promise<unknown> =>
      sql(
        url,
        `with new as (
           insert into consumers (uuid, project_id, user_id)
           select gen_random_uuid(), (select min(id) from projects), (select min(id) from users) from generate_series(1, ${count})
           returning id
         )
         insert into allocations (consumer_id, resource_provider_id, resource_class_id, used)
         select new.id, p.id, 0, 1 from new, resource_providers p where p.name = 'growing'`,
      );
    const read = await indexReads(url, ['consumers', 'allocations'], async (api) => {
      const { uuid: host } = (await api.post('/resource_providers', { name: 'growing' }).expect(200)).body as {
        uuid: string;
      };
      await setInventories(api, host, { VCPU: { total: 100_000 } });
      const one = (): supertest.Test => claim(api, { [host]: { VCPU: 1 } }, { consumer: randomUUID() });
      await one().expect(204);
      await sql(url, 'delete from allocations; delete from consumers');
      await grow(2);
      await sql(url, 'vacuum analyze consumers');
      await sql(url, 'vacuum analyze allocations');
      await one().expect(204);
      await grow(many);
      for (let n = 0; n < claims; n++) await one().expect(204);
    });
    assert.ok(read < (many * claims) / 4, `${read} entries of indexes`);
  });

  describe('over one connection', () => {
    let pool: Pool;
    let close: () => Promise<void>;
    before(async () => {
      const options = { connectionString: url, maxConnections: 1, connectTimeout: 60_000, statementTimeout: 0 };
      const database = createDatabase(options, createLog('silent'));
      pool = database.pool;
      close = () => pool.close();
      await sql(
        url,
        `insert into resource_providers (id, uuid, name, root_provider_id)
         select 1000 + n, 'provider-' || n, 'host-' || n, 1000 + n from generate_series(1, 1000) n;
         insert into inventories (resource_provider_id, resource_class_id, total, reserved, min_unit, max_unit, step_size, allocation_ratio)
         select 1000 + n, 0, 1000000, 0, 1, 1000000, 1, 1 from generate_series(1, 1000) n`,
      );
    });
    after(() => close());

    const claimOf = (providers: number): Claim => ({
      ...{
        consumerUuid: randomUUID(),
        consumerGeneration: null,
        projectId: 'p',
        userId: 'u',
        consumerType: 'INSTANCE',
      },
      allocations: Array.from({ length: providers }, (_, n) => ({
        providerUuid: `provider-${n + 1}`,
        resources: new Map([['VCPU', 1]]),
      })),
    });

    /** How often each statement was planned for any value and for the present ones. */
    async function plansOf(work: () => Promise<void>): Promise<Record<string, { generic: number; custom: number }>> {
      const read = async (): Promise<Map<string, { generic: number; custom: number }>> => {
        const { rows } = await pool.query<{ name: string; generic: number; custom: number }>(
          'select name, generic_plans::integer as generic, custom_plans::integer as custom from pg_prepared_statements',
        );
        return new Map(rows.map(({ name, generic, custom }) => [name, { generic, custom }]));
      };
      const before = await read();
      await work();
      const after = await read();
      return Object.fromEntries(
        ['lock_consumers', 'lock_providers', 'read_state', 'write_new_claims'].map((name) => {
          const [old, now] = [before, after].map((plans) => plans.get(name) ?? { generic: 0, custom: 0 });
          return [name, { generic: now!.generic - old!.generic, custom: now!.custom - old!.custom }];
        }),
      );
    }

    it('are made once for small claims, and each time for large ones', async () => {
      const write = createClaimWriter(pool);
      const unknownClass = (): Error => new Error('unknown class');
      const all = (plans: { generic: number; custom: number }) => ({
        ...{ lock_consumers: plans, lock_providers: plans, read_state: plans, write_new_claims: plans },
      });
      const first = await plansOf(() => write(null, [claimOf(1)], unknownClass));
      // The first one creates its project, user and type, and reads again.
      assert.equal(first['write_new_claims']?.custom, 0);
      const small = await plansOf(async () => {
        for (let n = 0; n < 10; n++) await write(null, [claimOf(1)], unknownClass);
      });
      assert.deepEqual(small, all({ generic: 10, custom: 0 }));
      const large = await plansOf(async () => {
        for (let n = 0; n < 10; n++) await write(null, [claimOf(1000)], unknownClass);
      });
      assert.deepEqual(large, all({ generic: 0, custom: 10 }));
    });
  });
});
