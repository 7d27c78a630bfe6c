import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import fc from 'fast-check';
import { defaultConfig } from '../../src/config.js';
import { openPool } from '../../src/db/database.js';
import type { Change } from '../../src/history/model.js';
import { enforceRetention } from '../../src/history/retention.js';
import type { OptionalField, SpooledList } from '../../src/lists/model.js';
import { createLog } from '../../src/ops/log.js';
import { sql } from '../support/database.js';
import { duckdb, parquetTable } from '../support/duckdb.js';
import { changesSince, historyNow } from '../support/history.js';
import { listOf } from '../support/lists.js';
import { cleanUp } from '../support/process.js';
import { createProvider, setInventories, startTestService, type TestService } from '../support/service.js';

const RUNS = Number(process.env['FAST_CHECK_RUNS'] ?? 4);

describe('an inventory list of all versions', () => {
  let test: TestService;
  beforeEach(async () => {
    test = await startTestService();
    await historyNow(test.api);
  });
  afterEach(async () => {
    await test.close();
    await cleanUp();
  });

  const pathsOf = ({ parts }: SpooledList): string[] => parts.map(({ path }) => path);
  const textOf = (list: SpooledList): string =>
    pathsOf(list)
      .map((path) => gunzipSync(readFileSync(path)).toString())
      .join('');

  /** The rows of a key in the order of the list, without what differs from run to run. */
  async function versions(key: string, fields: readonly OptionalField[] = ['Total']): Promise<unknown[][]> {
    const list = await listOf(test.databaseUrl, { format: 'parquet', fields, versions: 'all', prefix: key });
    if (list.rows === 0) return [];
    const columns = ['Key', 'IsLatest', 'IsDeleteMarker', ...fields].join(', ');
    const rows = await duckdb(`select ${columns} from ${parquetTable(pathsOf(list))}`);
    return rows.map((row) => Object.values(row));
  }

  it('has the states of an inventory, the newest first, and a marker of its removal', async () => {
    const host = await createProvider(test.api, 'h1');
    await setInventories(test.api, host, { VCPU: { total: 16 }, MEMORY_MB: { total: 1024 } });
    await setInventories(test.api, host, { VCPU: { total: 32, reserved: 2, allocation_ratio: 4 } });
    await test.api
      .put(`/allocations/${randomUUID()}`, {
        allocations: { [host]: { resources: { VCPU: 5 } } },
        ...{ project_id: 'p', user_id: 'u', consumer_generation: null, consumer_type: 'INSTANCE' },
      })
      .expect(204);
    const fields = [
      'ProviderUuid',
      'ResourceClass',
      'Total',
      'Capacity',
      'Used',
      'Free',
      'Generation',
      'Traits',
    ] as const;
    assert.deepEqual(await versions('h1/', fields), [
      ['h1/MEMORY_MB', true, true, host, 'MEMORY_MB', null, null, null, null, null, null],
      ['h1/MEMORY_MB', false, false, host, 'MEMORY_MB', 1024, '1024', null, null, null, null],
      ['h1/VCPU', true, false, host, 'VCPU', 32, '120', '5', '115', 3, ''],
      ['h1/VCPU', false, false, host, 'VCPU', 16, '16', null, null, null, null],
    ]);
    const csv = await listOf(test.databaseUrl, { fields: ['ETag', 'Total', 'Aggregates'], versions: 'all' });
    assert.deepEqual(csv.warnings, []);
    const lines = textOf(csv).replace(/"\d+","(true|false)"/g, '"ID","$1"');
    assert.equal(
      lines,
      '"placement","h1/MEMORY_MB","ID","true","true",,,\n' +
        '"placement","h1/MEMORY_MB","ID","false","false",,"1024",\n' +
        '"placement","h1/VCPU","ID","true","false","3","32",""\n' +
        '"placement","h1/VCPU","ID","false","false",,"16",\n',
    );
  });

  it('tells how many rows are to be expected, those of its prefix only', async () => {
    const root = await createProvider(test.api, 'rack');
    const child = await createProvider(test.api, 'host', root);
    const other = await createProvider(test.api, 'other');
    await sql(test.databaseUrl, 'select history_disable()');
    await setInventories(test.api, other, { VCPU: { total: 1 } });
    await sql(test.databaseUrl, 'select history_enable()');
    for (const total of [1, 2, 3]) await setInventories(test.api, child, { VCPU: { total }, DISK_GB: { total: 5 } });
    await setInventories(test.api, root, { VCPU: { total: 4 } });
    // A deleted provider below a deleted provider.
    const parent = await createProvider(test.api, 'shelf', root);
    const leaf = await createProvider(test.api, 'leaf', parent);
    await setInventories(test.api, leaf, { VCPU: { total: 1 } });
    for (const one of [leaf, parent]) await test.api.delete(`/resource_providers/${one}`).expect(204);
    const counted = async (prefix: string): Promise<readonly [number, number]> => {
      let foreseen = NaN;
      const wish = { versions: 'all', fields: ['Total'], prefix } as const;
      const { rows } = await listOf(test.databaseUrl, wish, {
        onProgress: (_, expected) => {
          foreseen = expected;
        },
      });
      return [foreseen, rows];
    };
    for (const [prefix, rows] of Object.entries({
      '': 8,
      'rack/': 7,
      'rack/host/V': 3,
      'rack/shelf': 2,
      other: 1,
      none: 0,
    }))
      assert.deepEqual(await counted(prefix), [rows, rows], prefix);
  });

  it('keeps the id and the time of a version while others come', async () => {
    const host = await createProvider(test.api, 'h1');
    const read = async (): Promise<Map<unknown, unknown>> => {
      const list = await listOf(test.databaseUrl, {
        ...{ format: 'parquet', versions: 'all', fields: ['LastModifiedDate', 'Total'] },
      });
      const rows = await duckdb(`from ${parquetTable(pathsOf(list))} where not IsDeleteMarker`);
      return new Map(rows.map((row) => [row['VersionId'], [row['Total'], row['LastModifiedDate']]]));
    };
    await setInventories(test.api, host, { VCPU: { total: 1 } });
    const before = await read();
    await setInventories(test.api, host, { VCPU: { total: 2 } });
    await setInventories(test.api, host, {});
    const after = await read();
    assert.deepEqual([before.size, after.size], [1, 2]);
    for (const [id, values] of before) assert.deepEqual(after.get(id), values);
  });

  it('has removed providers at the place where they were, and one key for a name that came again', async () => {
    const root = await createProvider(test.api, 'rack 1');
    const child = await createProvider(test.api, 'host', root);
    await setInventories(test.api, child, { VCPU: { total: 8 } });
    await test.api.delete(`/resource_providers/${child}`).expect(204);
    const again = await createProvider(test.api, 'host', root);
    await setInventories(test.api, again, { VCPU: { total: 9 } });
    const expected = [
      ['rack 1/host/VCPU', true, false, 9],
      ['rack 1/host/VCPU', false, true, null],
      ['rack 1/host/VCPU', false, false, 8],
    ];
    assert.deepEqual(await versions('rack 1/'), expected);
    assert.deepEqual(await versions('host'), []);
    await test.api.delete(`/resource_providers/${again}`).expect(204);
    await test.api.delete(`/resource_providers/${root}`).expect(204);
    assert.deepEqual(await versions('rack 1/host/V'), [
      ['rack 1/host/VCPU', true, true, null],
      ['rack 1/host/VCPU', false, false, 9],
      ...expected.slice(1),
    ]);
    await createProvider(test.api, 'rack 2');
    await test.api.put(`/resource_providers/${await createProvider(test.api, 'old')}`, { name: 'new' }).expect(200);
    assert.deepEqual(await versions(''), await versions('rack 1/'));
  });

  it('follows a provider to its present name', async () => {
    const host = await createProvider(test.api, 'old');
    await setInventories(test.api, host, { VCPU: { total: 1 } });
    await test.api.put(`/resource_providers/${host}`, { name: 'new' }).expect(200);
    await setInventories(test.api, host, { VCPU: { total: 2 } });
    assert.deepEqual(await versions(''), [
      ['new/VCPU', true, false, 2],
      ['new/VCPU', false, false, 1],
    ]);
  });

  it('has what was there before the history began, and what changed while none was kept, without a time', async () => {
    const enable = (on: boolean): Promise<unknown> =>
      sql(test.databaseUrl, `select history_${on ? 'enable' : 'disable'}()`);
    await enable(false);
    const [kept, gone, changed] = [
      await createProvider(test.api, 'kept'),
      await createProvider(test.api, 'gone'),
      await createProvider(test.api, 'changed'),
    ];
    for (const one of [kept, gone, changed]) await setInventories(test.api, one, { VCPU: { total: 1 } });
    const without = await listOf(test.databaseUrl, { fields: ['Total'], versions: 'all' });
    assert.match(without.warnings.join(), /^No history is recorded in this database/);
    assert.ok(textOf(without).startsWith('"placement","changed/VCPU","","true","false","1"\n'));
    assert.equal(without.changes, undefined);
    assert.deepEqual((await versions('kept', ['Total', 'Used']))[0], ['kept/VCPU', true, false, 1, '0']);
    await enable(true);
    for (const one of [gone, changed]) await setInventories(test.api, one, { VCPU: { total: 2 } });
    await enable(false);
    await test.api.delete(`/resource_providers/${gone}/inventories`).expect(204);
    await setInventories(test.api, changed, { VCPU: { total: 3 } });
    await enable(true);
    await setInventories(test.api, changed, { VCPU: { total: 4 } });
    await sql(test.databaseUrl, `update inventories set total = 5 where total = 4`);
    assert.deepEqual(await versions('', ['Total']), [
      ['changed/VCPU', true, false, 5],
      ['changed/VCPU', false, false, 4],
      ['changed/VCPU', false, false, 3],
      ['changed/VCPU', false, false, 2],
      ['changed/VCPU', false, false, 1],
      ['gone/VCPU', true, true, null],
      ['gone/VCPU', false, false, 2],
      ['gone/VCPU', false, false, 1],
      ['kept/VCPU', true, false, 1],
    ]);
    const timed = await versions('changed', ['LastModifiedDate']);
    assert.deepEqual(
      timed.map(([, , , time]) => time !== null),
      [true, true, false, true, false],
    );
  });

  it('has what an inventory was when the first kept change came, and nothing from before it', async () => {
    const hosts: string[] = [];
    for (const name of ['changed', 'gone', 'left', 'same']) hosts.push(await createProvider(test.api, name));
    const [changed = '', gone = '', left = '', same = ''] = hosts;
    for (const [total, ...some] of [
      [1, changed],
      [2, changed, gone, left, same],
    ] as [number, ...string[]][]) {
      for (const one of some) await setInventories(test.api, one, { VCPU: { total } });
    }
    await test.api.delete(`/resource_providers/${gone}`).expect(204);
    assert.equal((await versions('')).length, 6);
    for (const table of ['history_changes', 'history_gone'])
      await sql(test.databaseUrl, `update ${table} set at = at - interval '40 days'`);
    await setInventories(test.api, changed, { VCPU: { total: 3 } });
    await setInventories(test.api, left, {});
    const pool = openPool(defaultConfig(), test.databaseUrl, createLog('silent'));
    try {
      await enforceRetention(pool, 30);
    } finally {
      await pool.close();
    }
    assert.deepEqual(await versions(''), [
      ['changed/VCPU', true, false, 3],
      ['changed/VCPU', false, false, 2],
      ['left/VCPU', true, true, null],
      ['left/VCPU', false, false, 2],
      ['same/VCPU', true, false, 2],
    ]);
    const timed = await versions('', ['LastModifiedDate']);
    assert.deepEqual(
      timed.map(([, , , time]) => time !== null),
      [true, false, true, false, true],
    );
  });

  it('is, with the stream from its cursor on, the present state', async () => {
    const host = await createProvider(test.api, 'h1');
    await setInventories(test.api, host, { VCPU: { total: 1 }, DISK_GB: { total: 1 } });
    const list = await listOf(test.databaseUrl, { format: 'parquet', fields: ['Total'], versions: 'all' });
    await setInventories(test.api, host, { VCPU: { total: 2 }, PCPU: { total: 7 } });
    const rows = await duckdb(
      `select Key, Total from ${parquetTable(pathsOf(list))} where IsLatest and not IsDeleteMarker`,
    );
    const state = new Map(rows.map(({ Key, Total }) => [Key, Total]));
    for (const { name, after } of await changesSince(test.api, list.changes ?? '', 'kind=inventory')) {
      if (after === null) state.delete(`h1/${name}`);
      else state.set(`h1/${name}`, after['total'] as number);
    }
    assert.deepEqual(Object.fromEntries(state), { 'h1/VCPU': 2, 'h1/PCPU': 7 });
  });

  it('has the chain of versions that the stream tells, after any requests', async () => {
    const names = ['a', 'b', 'c c'];
    const operation = fc.record({
      name: fc.nat(names.length - 1),
      parent: fc.option(fc.nat(names.length - 1)),
      what: fc.constantFrom('create' as const, 'remove' as const, 'stock' as const, 'stock' as const),
      vcpu: fc.nat(2),
      memory: fc.nat(2),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(operation, { minLength: 10, maxLength: 30 }), async (operations) => {
        await sql(test.databaseUrl, 'delete from inventories; delete from resource_providers');
        await sql(test.databaseUrl, 'delete from history_changes; delete from history_gone');
        const since = await historyNow(test.api);
        const uuids = new Map<string, string>();
        for (const { name, parent, what, vcpu, memory } of operations) {
          const [own = '', above = ''] = [names[name], parent === null ? '' : names[parent]];
          const uuid = uuids.get(own);
          if (what === 'create') {
            const made = randomUUID();
            const { status } = await test.api.post('/resource_providers', {
              ...{ uuid: made, name: own },
              ...(uuids.has(above) ? { parent_provider_uuid: uuids.get(above) } : {}),
            });
            if (status === 200) uuids.set(own, made);
          } else if (uuid !== undefined && what === 'remove') {
            const { status } = await test.api.delete(`/resource_providers/${uuid}`);
            if (status === 204) uuids.delete(own);
          } else if (uuid !== undefined) {
            await setInventories(test.api, uuid, {
              ...(vcpu === 0 ? {} : { VCPU: { total: vcpu } }),
              ...(memory === 0 ? {} : { MEMORY_MB: { total: memory } }),
            });
          }
        }
        assert.deepEqual(await versions(''), expectedOf(await changesSince(test.api, since)));
      }),
      { numRuns: RUNS },
    );
  });

  /** Of a world that was empty, and without renames. */
  function expectedOf(changes: readonly Change[]): unknown[][] {
    const paths = new Map<unknown, string>();
    const chains = new Map<string, unknown[]>();
    for (const { kind, provider, name, after } of changes) {
      if (kind === 'provider' && after !== null) {
        const parent = after['parent_provider_uuid'];
        paths.set(provider?.uuid, `${parent === null ? '' : (paths.get(parent) ?? '?')}${String(after['name'])}/`);
      }
      if (kind !== 'inventory') continue;
      const key = `${paths.get(provider?.uuid)}${name}`;
      chains.set(key, [after?.['total'] ?? null, ...(chains.get(key) ?? [])]);
    }
    // In the order of the bytes of keys that are percent-encoded, path by path.
    const order = (key: string): string => encodeURI(key);
    return [...chains]
      .sort(([one], [other]) => (order(one) < order(other) ? -1 : 1))
      .flatMap(([key, totals]) => totals.map((total, at) => [key, at === 0, total === null, total]));
  }
});
