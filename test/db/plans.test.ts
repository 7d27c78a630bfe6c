import assert from 'node:assert/strict';
import { connectClient } from '../../src/db/pool.js';
import { createTestDatabase, dropTestDatabase, sql } from '../support/database.js';
import { startTestService } from '../support/service.js';
import { until } from '../support/until.js';

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

  /** How often the service reads a whole table while it is asked; its sessions report that when they end. */
  async function wholeReads(table: string, paths: readonly string[]): Promise<number> {
    const count = async (): Promise<number> =>
      Number((await sql(url, `select seq_scan from pg_stat_user_tables where relname = '${table}'`))[0]?.['seq_scan']);
    const before = await count();
    const test = await startTestService({ databaseUrl: url });
    // PostgreSQL plans a prepared statement for any value from the sixth time on.
    for (let n = 0; n < 10; n++) for (const path of paths) await test.api.get(path).expect(200);
    await test.close();
    const sessions = `select from pg_stat_activity where datname = current_database() and backend_type = 'client backend'
                      and pid <> pg_backend_pid()`;
    await until('its sessions have ended', async () => (await sql(url, sessions)).length === 0);
    return (await count()) - before;
  }

  it('for the usages of a small project beside a large one do not read all allocations', async () => {
    const paths = ['/usages?project_id=small', '/usages?project_id=small&user_id=a-user'];
    assert.equal(await wholeReads('allocations', paths), 0);
  });

  it('for one consumer read neither all consumers nor all allocations', async () => {
    const [row] = await sql<{ uuid: string }>(url, 'select uuid from consumers where id = 17');
    const paths = [`/allocations/${row?.uuid ?? ''}`];
    for (const table of ['consumers', 'allocations']) assert.equal(await wholeReads(table, paths), 0, table);
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
