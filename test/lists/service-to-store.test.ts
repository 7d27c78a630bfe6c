import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { s3Destination } from '../../src/lists/destination/s3.js';
import { sql } from '../support/database.js';
import { csvTable, duckdb, parquetTable } from '../support/duckdb.js';
import { createRoomyHosts, startMovers } from '../support/moving-clients.js';
import { cleanUp, temporaryFolder } from '../support/process.js';
import { bucketAt, startStore, type Store } from '../support/s3-store.js';
import { startTestService, type TestService } from '../support/service.js';
import { until } from '../support/until.js';

const SIGNAL = new AbortController().signal;
const HOSTS = 12;
const MOVERS = 12;

interface Manifest {
  readonly fileFormat: string;
  readonly fileSchema: string;
  readonly files: readonly { key: string; size: number; MD5checksum: string }[];
  readonly stockroom: { readonly rows: readonly number[]; readonly takenAt: string };
}

describe('a job of the running service, from PUT to DuckDB, in a bucket of a real Swift', function () {
  let store: Store;
  let test: TestService;
  let folder: string;
  let hosts: string[];
  before(async function () {
    const started = await startStore('swift');
    if ('missing' in started) {
      for (const one of this.test?.parent?.tests ?? []) one.title += ` (${started.missing})`;
      this.skip();
    }
    store = started;
    folder = await temporaryFolder();
    test = await startTestService({
      config: {
        listsWorker: true,
        listsSpool: path.join(folder, 'spool'),
        listBuckets: [{ type: 's3', ...bucketAt(store.endpoint, { root: 'stockroom' }) }],
      },
    });
    hosts = await createRoomyHosts(
      test.api,
      Array.from({ length: HOSTS }, (_, i) => `host ${i}`),
    );
  });
  after(async () => {
    await (test as TestService | undefined)?.close();
    await (store as Store | undefined)?.stop();
    await cleanUp();
  });

  /** The newest list of a job, through its manifest: each part is downloaded, and compared with what the manifest says of it. */
  async function download(id: string): Promise<{ manifest: Manifest; files: string[] }> {
    const { body } = await test.api.get(`/stockroom/lists/${id}/runs/latest`).expect(200);
    const run = body as { manifest: { bucket: string; key: string }; rows: number };
    assert.equal(run.manifest.bucket, 'cloud-lists');
    const get = async (key: string): Promise<Buffer> => {
      // A reader of the whole bucket has no root.
      const bytes = await s3Destination(bucketAt(store.endpoint)).get(key, SIGNAL);
      assert.ok(bytes !== null, `${key} is missing`);
      return bytes;
    };
    const md5 = (bytes: Buffer): string => createHash('md5').update(bytes).digest('hex');
    const bytes = await get(run.manifest.key);
    assert.equal((await get(run.manifest.key.replace('.json', '.checksum'))).toString(), md5(bytes));
    const manifest = JSON.parse(bytes.toString()) as Manifest;
    const files: string[] = [];
    for (const { key, size, MD5checksum: checksum } of manifest.files) {
      const part = await get(key);
      assert.deepEqual([part.length, md5(part)], [size, checksum]);
      const file = path.join(folder, path.basename(key));
      writeFileSync(file, part);
      files.push(file);
    }
    assert.equal(
      manifest.stockroom.rows.reduce((sum, rows) => sum + rows, 0),
      run.rows,
    );
    return { manifest, files };
  }

  it('has the sums of one moment, in CSV and in Parquet, while clients claim and move', async () => {
    const movers = await startMovers(test.api, hosts, { movers: MOVERS, claimants: 4 });
    /** By SQL over the allocations, which no list is read from. */
    async function sumsInSql(): Promise<Record<string, number>> {
      const rows = await sql<{ name: string; used: string }>(
        test.databaseUrl,
        `select c.name, sum(a.used) as used from allocations a join resource_classes c on c.id = a.resource_class_id group by 1`,
      );
      return Object.fromEntries(rows.map(({ name, used }) => [name, Number(used)]));
    }

    try {
      for (const format of ['csv', 'parquet']) {
        const before = { ...movers.done, sums: await sumsInSql() };
        await test.api
          .put(`/stockroom/lists/${format}`, {
            enabled: true,
            schedule: { frequency: 'daily' },
            optional_fields: ['ProviderUuid', 'ResourceClass', 'Total', 'Used', 'Free'],
            destination: { bucket: 'cloud-lists', prefix: '/regionone/', format },
          })
          .expect(201);
        // Parts of Swift that have just started may reject the first attempt: its minute of waiting is cut short.
        await until(
          `a list in ${format}`,
          async () => {
            await sql(test.databaseUrl, `update list_runs set not_before = now() where state = 'queued'`);
            return (await test.api.get(`/stockroom/lists/${format}/runs/latest`)).status === 200;
          },
          90_000,
        );
        const after = await sumsInSql();
        await until(
          'clients go on',
          () => movers.done.moves > before.moves && movers.done.claims > before.claims,
          60_000,
        );

        const { manifest, files } = await download(format);
        assert.equal(manifest.fileFormat, format === 'csv' ? 'CSV' : 'Parquet');
        const table = format === 'csv' ? csvTable(files, manifest.fileSchema) : parquetTable(files);
        const rows = await duckdb(`
          select ResourceClass as name, count(*)::integer as rows, sum(Used)::integer as used, sum(Total - Free)::integer as gone
          from ${table} group by all`);
        const used = Object.fromEntries(rows.map((row) => [String(row['name']), Number(row['used'])]));
        for (const row of rows) assert.deepEqual([row['rows'], row['gone']], [HOSTS, row['used']]);
        // Moves change no sum, so the sums of SQL before and after are those at the moment of the list.
        assert.deepEqual([before.sums['VCPU'], before.sums['MEMORY_MB']], [after['VCPU'], after['MEMORY_MB']]);
        assert.deepEqual([used['VCPU'], used['MEMORY_MB']], [after['VCPU'], after['MEMORY_MB']]);
        // What is claimed together is in the list together, and the list lies between the two looks.
        assert.equal(used['DISK_GB'], used['PGPU']);
        assert.ok((before.sums['DISK_GB'] ?? 0) <= used['DISK_GB']! && used['DISK_GB']! <= after['DISK_GB']!);
      }
    } finally {
      await movers.end();
    }
  });

  it('has the sums of SQL, class by class, when the claims have ended', async () => {
    await until('the run is over', async () => (await test.api.post('/stockroom/lists/csv/runs')).status === 202);
    await until(
      'the second list',
      async () => {
        const { body } = await test.api.get('/stockroom/lists/csv/runs').expect(200);
        return (body as { runs: { state: string }[] }).runs.filter(({ state }) => state === 'succeeded').length === 2;
      },
      60_000,
    );
    const { manifest, files } = await download('csv');
    const inDuckdb = await duckdb(
      `select ResourceClass as name, sum(Used)::integer as used from ${csvTable(files, manifest.fileSchema)} group by all order by 1`,
    );
    const inSql = await sql(
      test.databaseUrl,
      `select c.name, sum(a.used)::integer as used from allocations a join resource_classes c on c.id = a.resource_class_id
       group by 1 order by c.name collate "C"`,
    );
    assert.deepEqual(inDuckdb, inSql);
    for (const { key } of manifest.files) assert.ok(key.startsWith('stockroom/regionone/placement/csv/data/'));
  });
});
