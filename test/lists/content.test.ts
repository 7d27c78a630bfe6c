import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { keysOf } from '../../src/lists/manifest/keys.js';
import { renderManifest } from '../../src/lists/manifest/manifest.js';
import { OPTIONAL_FIELDS, type SpooledList } from '../../src/lists/model.js';
import { csvTable, duckdb, parquetTable } from '../support/duckdb.js';
import { encodedName, listOf, settingsWith } from '../support/lists.js';
import { cleanUp } from '../support/process.js';
import { createProvider, setInventories, startTestService, type TestService } from '../support/service.js';

const FORMATS = ['csv', 'parquet'] as const;

/** World W of the contract (explain-and-capacity.md), its first two hosts; the second has a name that needs encoding. */
const [H1, H2] = ['00000001-0000-4000-8000-000000000001', '00000002-0000-4000-8000-000000000001'];

function textOf({ parts }: SpooledList): string {
  return parts.map(({ path }) => gunzipSync(readFileSync(path)).toString()).join('');
}

function pathsOf({ parts }: SpooledList): string[] {
  return parts.map(({ path }) => path);
}

describe('the content of an inventory list', () => {
  let test: TestService;
  before(async () => {
    test = await startTestService();
    for (const [uuid, name] of [
      [H1, 'h1'],
      [H2, 'rack 1/h2'],
    ]) {
      await test.api.post('/resource_providers', { uuid, name }).expect(200);
      await setInventories(test.api, uuid!, { VCPU: { total: 16 }, MEMORY_MB: { total: 65536 } });
    }
    await test.api
      .put('/allocations/c0000000-0000-4000-8000-000000000001', {
        allocations: { [H1]: { resources: { VCPU: 12, MEMORY_MB: 49152 } } },
        project_id: 'p',
        user_id: 'u',
        consumer_generation: null,
        consumer_type: 'INSTANCE',
      })
      .expect(204);
  });
  after(async () => {
    await test.close();
    await cleanUp();
  });

  const worked = ['ProviderUuid', 'Total', 'Used'] as const;

  it('is to the byte that of the worked example, in CSV', async () => {
    const list = await listOf(test.databaseUrl, { fields: worked });
    assert.equal(
      textOf(list),
      `"placement","h1/MEMORY_MB","${H1}","65536","49152"\n` +
        `"placement","h1/VCPU","${H1}","16","12"\n` +
        `"placement","rack%201%2Fh2/MEMORY_MB","${H2}","65536","0"\n` +
        `"placement","rack%201%2Fh2/VCPU","${H2}","16","0"\n`,
    );
    assert.equal(list.schema, 'Bucket, Key, ProviderUuid, Total, Used');
    assert.equal(list.rows, 4);
  });

  it('is the same in Parquet, with the names in a Key as they are', async () => {
    const list = await listOf(test.databaseUrl, { format: 'parquet', fields: worked });
    assert.deepEqual(await duckdb(`from ${parquetTable(pathsOf(list))}`), [
      { Bucket: 'placement', Key: 'h1/MEMORY_MB', ProviderUuid: H1, Total: 65536, Used: '49152' },
      { Bucket: 'placement', Key: 'h1/VCPU', ProviderUuid: H1, Total: 16, Used: '12' },
      { Bucket: 'placement', Key: 'rack 1/h2/MEMORY_MB', ProviderUuid: H2, Total: 65536, Used: '0' },
      { Bucket: 'placement', Key: 'rack 1/h2/VCPU', ProviderUuid: H2, Total: 16, Used: '0' },
    ]);
    assert.equal(
      list.schema,
      'message placement.inventory { required binary Bucket (STRING); required binary Key (STRING); ' +
        'required binary ProviderUuid (STRING); required int32 Total; required int64 Used; }',
    );
  });

  it('has every field with the types and values of the contract, in both formats', async () => {
    const lists = [await listOf(test.databaseUrl), await listOf(test.databaseUrl, { format: 'parquet' })];
    const [csv, parquet] = lists as [SpooledList, SpooledList];
    const names = ['Bucket', 'Key', ...OPTIONAL_FIELDS];
    assert.equal(csv.schema, names.join(', '));
    const described = await duckdb(`describe from ${parquetTable(pathsOf(parquet))}`);
    assert.deepEqual(
      described.map(({ column_name: name }) => name),
      names,
    );
    const types = Object.fromEntries(described.map(({ column_name: name, column_type: type }) => [name, type]));
    const int32 = ['Size', 'Total', 'Reserved', 'MinUnit', 'MaxUnit', 'StepSize', 'Generation'];
    const int64 = ['Capacity', 'Used', 'Free'];
    for (const name of names) {
      const expected = int32.includes(name)
        ? 'INTEGER'
        : int64.includes(name)
          ? 'BIGINT'
          : name === 'LastModifiedDate'
            ? 'TIMESTAMP WITH TIME ZONE'
            : name === 'AllocationRatio'
              ? 'DOUBLE'
              : name === 'IsMultipartUploaded'
                ? 'BOOLEAN'
                : 'VARCHAR';
      assert.equal(types[name], expected, name);
    }
    const [first] = await duckdb(`from ${parquetTable(pathsOf(parquet))}`);
    const { LastModifiedDate: written, ...row } = first!;
    assert.match(String(written), /^20\d\d-\d\d-\d\d \d\d:\d\d:\d\d(\.\d+)?\+00$/);
    assert.deepEqual(row, {
      Bucket: 'placement',
      Key: 'h1/MEMORY_MB',
      Size: 65536,
      ETag: '2',
      StorageClass: 'MEMORY_MB',
      IsMultipartUploaded: false,
      ReplicationStatus: '',
      EncryptionStatus: 'NOT-SSE',
      ProviderUuid: H1,
      ProviderName: 'h1',
      ParentUuid: null,
      RootUuid: H1,
      RootName: 'h1',
      ResourceClass: 'MEMORY_MB',
      Total: 65536,
      Reserved: 0,
      MinUnit: 1,
      MaxUnit: 2147483647,
      StepSize: 1,
      AllocationRatio: 1,
      Capacity: '65536',
      Used: '49152',
      Free: '16384',
      Generation: 2,
      Traits: '',
      Aggregates: '',
    });
    // The same in CSV; null is nothing, an empty text is two quotes, times are those of ISO 8601.
    const line = textOf(csv).split('\n')[0]!;
    const time = /"(20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d\.\d\d\dZ)"/.exec(line)?.[1];
    assert.equal(
      line,
      `"placement","h1/MEMORY_MB","65536","${time}","2","MEMORY_MB","false","","NOT-SSE","${H1}","h1",,"${H1}","h1",` +
        '"MEMORY_MB","65536","0","1","2147483647","1","1","65536","49152","16384","2","",""',
    );
    assert.equal(Date.parse(time!), Date.parse(String(written).replace('+00', 'Z')));
  });

  it('has traits and aggregates, sorted, the parent and the root of a child, and what is over-committed', async () => {
    const root = await createProvider(test.api, 'tree');
    const child = await createProvider(test.api, 'tree-child', root);
    await setInventories(test.api, child, { VCPU: { total: 8, reserved: 1, allocation_ratio: 1.5 } });
    const aggregates = ['a2000000-0000-4000-8000-000000000000', 'a1000000-0000-4000-8000-000000000000'];
    await test.api.put('/traits/CUSTOM_SSD').expect(201);
    await test.api
      .put(`/resource_providers/${child}/traits`, {
        resource_provider_generation: 1,
        traits: ['HW_CPU_X86_AVX2', 'CUSTOM_SSD'],
      })
      .expect(200);
    await test.api
      .put(`/resource_providers/${child}/aggregates`, { resource_provider_generation: 2, aggregates })
      .expect(200);
    await test.api
      .put('/allocations/c0000000-0000-4000-8000-000000000002', {
        allocations: { [child]: { resources: { VCPU: 10 } } },
        project_id: 'p',
        user_id: 'u',
        consumer_generation: null,
        consumer_type: 'INSTANCE',
      })
      .expect(204);
    const { body } = await test.api.get(`/resource_providers/${child}`).expect(200);
    const { generation } = body as { generation: number };
    await test.api
      .put(`/resource_providers/${child}/inventories/VCPU`, {
        resource_provider_generation: generation,
        total: 6,
        reserved: 1,
      })
      .expect(200);
    const list = await listOf(test.databaseUrl, { format: 'parquet', prefix: 'tree/' });
    const [row] = await duckdb(
      `select Key, ParentUuid, RootUuid, RootName, ProviderName, Traits, Aggregates, Capacity, Used, Free from ${parquetTable(pathsOf(list))}`,
    );
    assert.deepEqual(row, {
      Key: 'tree/tree-child/VCPU',
      ParentUuid: root,
      RootUuid: root,
      RootName: 'tree',
      ProviderName: 'tree-child',
      Traits: 'CUSTOM_SSD HW_CPU_X86_AVX2',
      Aggregates: 'a1000000-0000-4000-8000-000000000000 a2000000-0000-4000-8000-000000000000',
      Capacity: '5',
      Used: '10',
      Free: '-5',
    });
    await test.api.put('/allocations/c0000000-0000-4000-8000-000000000002', {
      allocations: {},
      project_id: 'p',
      user_id: 'u',
      consumer_generation: 1,
      consumer_type: 'INSTANCE',
    });
    await test.api.delete(`/resource_providers/${child}`).expect(204);
    await test.api.delete(`/resource_providers/${root}`).expect(204);
  });

  it('is filtered by the beginning of the Key before encoding', async () => {
    for (const [prefix, keys] of Object.entries({
      '': 4,
      h1: 2,
      'h1/': 2,
      'h1/V': 1,
      'h1/VCPU': 1,
      'h1/VCPUS': 0,
      'rack 1/h2/M': 1,
      'rack%201': 0,
      h: 2,
      H: 0,
      'rack 1': 2,
    })) {
      const list = await listOf(test.databaseUrl, { fields: [], prefix });
      assert.equal(list.rows, keys, prefix);
    }
  });

  it('is empty when there is nothing: a manifest, and no part', async () => {
    for (const format of FORMATS) {
      const list = await listOf(test.databaseUrl, { format, prefix: 'nothing' });
      assert.deepEqual([list.rows, list.parts], [0, []]);
      const settings = settingsWith({ format, prefix: 'nothing' });
      const [id, due] = ['nightly', new Date('2026-11-25T02:00:00Z')];
      const keys = keysOf({ prefix: '', source: 'placement', id, due });
      const { manifest } = renderManifest({
        variant: 's3',
        bucket: 'b',
        keys,
        source: 'placement',
        settings,
        run: 1,
        id,
        due,
        list,
      });
      assert.deepEqual((JSON.parse(manifest.toString()) as { files: unknown }).files, []);
    }
  });

  it('has names of any kind, which DuckDB reads as the API returns them', async () => {
    const names = [
      'a "quoted" name',
      'comma, semicolon; tab\t',
      'line\nend',
      'carriage\r\nreturn',
      'sl/ash',
      '100 %',
      '%2F',
      'a+b c',
      'Überwachung',
      '机架-1',
      '😀',
      '=1+1',
      "it's",
      ' ',
      '\\',
      '.',
      '..',
      '~-._',
      'é'.normalize('NFD'),
      'x'.repeat(200),
      '"',
      'ß'.repeat(200),
      '\u2028',
    ];
    const uuids = new Map<string, string>();
    for (const name of names) {
      const uuid = await createProvider(test.api, name);
      uuids.set(uuid, name);
      await setInventories(test.api, uuid, { CUSTOM_THING: { total: 5 } }).catch(async () => {
        await test.api.put('/resource_classes/CUSTOM_THING').expect(201);
        await setInventories(test.api, uuid, { CUSTOM_THING: { total: 5 } });
      });
    }
    const wish = { fields: ['ProviderUuid', 'ProviderName', 'ResourceClass', 'Total'] } as const;
    const [csv, parquet] = [
      await listOf(test.databaseUrl, wish),
      await listOf(test.databaseUrl, { ...wish, format: 'parquet' }),
    ];
    const query = 'select ProviderUuid, ProviderName, Key, Total::integer Total from';
    const where = "where ResourceClass = 'CUSTOM_THING'";
    const inCsv = await duckdb(
      `${query} ${csvTable(pathsOf(csv), csv.schema, ', allow_quoted_nulls = false')} ${where}`,
    );
    const inParquet = await duckdb(`${query} ${parquetTable(pathsOf(parquet))} ${where}`);
    for (const [rows, keyOf] of [
      [inCsv, encodedName],
      [inParquet, (name: string) => name],
    ] as const) {
      assert.equal(rows.length, names.length);
      for (const row of rows) {
        const name = uuids.get(String(row['ProviderUuid']));
        assert.deepEqual(row, { ...row, ProviderName: name, Key: `${keyOf(name!)}/CUSTOM_THING`, Total: 5 });
      }
    }
    // Both ways of decoding give the name: a space is %20 and a plus %2B.
    const decoded = await duckdb(
      `select url_decode(Key) as decoded from ${csvTable(pathsOf(csv), csv.schema)} where Key like 'a%2Bb%'`,
    );
    assert.deepEqual(decoded, [{ decoded: 'a+b c/CUSTOM_THING' }]);
    // One order over all rows, by bytes: of the path with the slash that ends it, then of the class.
    const keys = textOf(csv)
      .match(/^"placement","[^"]*"/gm)!
      .map((line) => line.slice(13, -1));
    const sorted = keys.toSorted((one, other) => {
      const [a, b] = [one, other].map((key) => [key.slice(0, key.lastIndexOf('/') + 1), key]);
      return a![0] === b![0] ? compare(a![1]!, b![1]!) : compare(a![0]!, b![0]!);
    });
    assert.deepEqual(keys, sorted);
  });
});

function compare(one: string, other: string): number {
  return one < other ? -1 : one > other ? 1 : 0;
}
