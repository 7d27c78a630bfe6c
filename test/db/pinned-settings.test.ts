import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import type pg from 'pg';
import { defaultConfig } from '../../src/config.js';
import { migrateDatabase } from '../../src/db/migrate.js';
import { connectClient } from '../../src/db/pool.js';
import { connect, createEmptyDatabase, createTestDatabase, dropTestDatabase } from '../support/database.js';
import { createProvider, setInventories, startTestService, type TestService } from '../support/service.js';

/** Settings of a server that would change what a service does, and the value that its sessions have instead. */
const WORST: readonly (readonly [name: string, worst: string, pinned: string])[] = [
  ['default_transaction_isolation', 'serializable', 'read committed'],
  ['default_transaction_deferrable', 'on', 'off'],
  ['synchronous_commit', 'off', 'on'],
  ['TimeZone', 'Asia/Kathmandu', 'UTC'],
  ['DateStyle', 'SQL, DMY', 'ISO, MDY'],
  ['IntervalStyle', 'sql_standard', 'postgres'],
  ['standard_conforming_strings', 'off', 'on'],
  ['bytea_output', 'escape', 'hex'],
  ['extra_float_digits', '-15', '1'],
  ['array_nulls', 'off', 'on'],
  ['transform_null_equals', 'on', 'off'],
  // The statement that sets it is the only one that it can end, and needs some milliseconds; a second or more when the machine pauses.
  ['statement_timeout', '2000', '30s'],
  ['lock_timeout', '2000', '0'],
  ['idle_in_transaction_session_timeout', '2000', '30s'],
  // Shorter ones end a session before a process that pauses sends a statement.
  ['idle_session_timeout', '20000', '0'],
  ['session_replication_role', 'replica', 'origin'],
  ['search_path', 'pg_catalog', 'public'],
  ['jit', 'on', 'off'],
];
const OPTIONS = { maxConnections: 1, connectTimeout: 5000, statementTimeout: 30_000 };

async function shown(client: pg.ClientBase): Promise<Record<string, string>> {
  const values: Record<string, string> = {};
  for (const [name] of WORST) {
    const { rows } = await client.query<{ value: string }>(`select current_setting('${name}') as value`);
    values[name] = rows[0]?.value ?? '';
  }
  // PostgreSQL below 17 has no such setting.
  const { rows } = await client.query<{ value: string | null }>(
    "select current_setting('transaction_timeout', true) as value",
  );
  assert.ok([null, '0'].includes(rows[0]?.value ?? null), `transaction_timeout is ${rows[0]?.value}`);
  return values;
}

async function setWorst(url: string, settings: readonly (readonly [name: string, worst: string, ...unknown[]])[]) {
  const client = await connect(url);
  const { rows } = await client.query<{ version: string }>("select current_setting('server_version_num') as version");
  const more = Number(rows[0]?.version) >= 170_000 ? [['transaction_timeout', '2000'] as const] : [];
  for (const [name, worst] of settings.length > 1 ? [...settings, ...more] : settings) {
    const value = name === 'search_path' ? worst : `'${worst}'`;
    await client.query(`alter database ${new URL(url).pathname.slice(1)} set ${name} = ${value}`);
  }
  await client.end();
}

/** `options` of libpq, as an operator may have them in the URL. */
function withWorstOptions(url: string): string {
  const result = new URL(url);
  const options = WORST.map(([name, worst]) => `-c ${name}=${worst.replaceAll(' ', '\\ ')}`).join(' ');
  result.searchParams.set('options', options);
  return result.href;
}

describe('settings of the server that correctness or a response depends on', () => {
  const pinned = Object.fromEntries(WORST.map(([name, , value]) => [name, value]));
  const urls: string[] = [];
  const database = async (): Promise<string> => {
    const url = await createTestDatabase();
    urls.push(url);
    return url;
  };
  after(() => Promise.all(urls.map(dropTestDatabase)));

  it('are stated by each session, whatever the database says', async () => {
    const url = await database();
    await setWorst(url, WORST);
    const client = await connectClient({ ...OPTIONS, connectionString: url });
    assert.deepEqual(await shown(client), pinned);
    await client.end();
  });

  it('are not undone by options in the URL', async () => {
    const client = await connectClient({ ...OPTIONS, connectionString: withWorstOptions(await database()) });
    assert.deepEqual(await shown(client), pinned);
    await client.end();
  });

  it('do not reach the migrations', async () => {
    const url = await createEmptyDatabase();
    urls.push(url);
    await setWorst(url, WORST);
    const migrations = await migrateDatabase(defaultConfig(), url);
    assert.ok(migrations.length > 0);
    const client = await connectClient({ ...OPTIONS, connectionString: url });
    const { rows } = await client.query("select schemaname from pg_tables where tablename = 'topology_epoch'");
    assert.deepEqual(rows, [{ schemaname: 'public' }]);
    await client.end();
  });

  it('leave the schema that the search_path chooses, and no other, to look in', async () => {
    const url = await createEmptyDatabase();
    urls.push(url);
    const client = await connect(url);
    await client.query('create schema ours');
    await client.query('create schema shadow');
    await client.query('create table shadow.traits (id integer)');
    await client.end();
    const via = (path: string): string => {
      const result = new URL(url);
      result.searchParams.set('options', `-c search_path=${path}`);
      return result.href;
    };
    await migrateDatabase(defaultConfig(), via('ours'));
    const shadowed = await connectClient({ ...OPTIONS, connectionString: via('shadow,ours') });
    const { rows } = await shadowed.query(
      "select current_setting('search_path') as path, count(*) > 100 as full from traits",
    );
    assert.deepEqual(rows, [{ path: 'ours', full: true }]);
    await shadowed.end();
  });

  it('do not change one response', async () => {
    const responses = async (databaseUrl: string): Promise<unknown> => {
      const test = await startTestService({ databaseUrl });
      try {
        return await conversation(test);
      } finally {
        await test.close();
      }
    };
    const [plain, worst] = [await database(), await database()];
    await setWorst(worst, WORST);
    const expected = await responses(plain);
    assert.deepEqual(await responses(worst), expected);
    assert.deepEqual(await responses(withWorstOptions(await database())), expected);
  });

  for (const isolation of ['repeatable read', 'serializable']) {
    it(`let no cycle in and fail no request when 40 re-parentings meet at ${isolation}`, async () => {
      const url = await database();
      await setWorst(url, [['default_transaction_isolation', isolation]]);
      const test = await startTestService({ databaseUrl: url });
      try {
        for (let round = 0; round < 5; round++) await reparent(test, round);
      } finally {
        await test.close();
      }
    });
  }

  it('may keep the service from writing: default_transaction_read_only is an operator who wants that', async () => {
    const url = await database();
    await setWorst(url, [['default_transaction_read_only', 'on']]);
    const test = await startTestService({ databaseUrl: url });
    try {
      await test.api.get('/resource_providers').expect(200);
      const { body } = await test.api.post('/resource_providers', { name: 'kept out' }).expect(503);
      assert.match(JSON.stringify(body), /read-only/);
    } finally {
      await test.close();
    }
  });
});

const PROVIDER = 'b3a1d1f6-0d0c-4b7f-9a38-9e6a3b5e7a01';
const CONSUMER = 'c3a1d1f6-0d0c-4b7f-9a38-9e6a3b5e7a02';

/** What the API says of a small cloud, without what depends on the time. */
async function conversation({ api }: TestService): Promise<unknown> {
  await api.post('/resource_providers', { name: 'back\\slash \' "quotes"', uuid: PROVIDER }).expect(200);
  // A number that loses digits unless it is printed exactly.
  const inventories = { VCPU: { total: 64, allocation_ratio: 1.3700000047683716 }, DISK_GB: { total: 3, max_unit: 3 } };
  await setInventories(api, PROVIDER, inventories);
  const claim = {
    allocations: { [PROVIDER]: { resources: { VCPU: 2 } } },
    project_id: 'p\\1',
    user_id: 'null',
    consumer_generation: null,
    consumer_type: 'INSTANCE',
  };
  await api.put(`/allocations/${CONSUMER}`, claim).expect(204);
  const paths = [
    `/resource_providers/${PROVIDER}/inventories`,
    `/resource_providers/${PROVIDER}/allocations`,
    `/allocations/${CONSUMER}`,
    '/usages?project_id=p%5C1',
    '/allocation_candidates?resources=VCPU:3',
    '/resource_providers?resources=DISK_GB:3',
  ];
  const responses: unknown[] = [];
  for (const path of paths) {
    const { body, headers } = await api.get(path).expect(200);
    const age = Math.abs(Date.parse(headers['last-modified'] ?? '') - Date.now());
    responses.push({ body, recent: age < 60_000 });
  }
  return responses;
}

/** Many providers become children of each other at once. */
async function reparent({ api, databaseUrl }: TestService, round: number): Promise<void> {
  const names = Array.from({ length: 8 }, (_, n) => `${round}-${n}`);
  const uuids: string[] = [];
  for (const name of names) uuids.push(await createProvider(api, name));
  const pick = (n: number): number => (n * 7919 + round) % names.length;
  const statuses = await Promise.all(
    Array.from({ length: 40 }, async (_, n) => {
      const [child, parent] = [pick(n), pick(n + 1 + (n % 5))];
      const body = { name: names[child], parent_provider_uuid: uuids[parent] };
      return (await api.put(`/resource_providers/${uuids[child] ?? randomUUID()}`, body)).status;
    }),
  );
  assert.deepEqual(
    statuses.filter((status) => status >= 500),
    [],
  );
  const client = await connect(databaseUrl);
  const { rows } = await client.query<{ id: number; parent: number | null; root: number }>(
    'select id, parent_provider_id as parent, root_provider_id as root from resource_providers',
  );
  await client.end();
  const byId = new Map(rows.map((row) => [row.id, row]));
  for (const { id, root } of rows) {
    let top = id;
    for (let steps = 0; byId.get(top)?.parent != null; steps++) {
      assert.ok(steps < rows.length, `provider ${id} is in a cycle`);
      top = byId.get(top)?.parent ?? 0;
    }
    assert.equal(root, top, `the root of provider ${id}`);
  }
}
