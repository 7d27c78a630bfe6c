import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { gunzipSync } from 'node:zlib';
import { sql } from '../support/database.js';
import { startAdmin } from '../support/metrics.js';
import { cleanUp, temporaryFolder } from '../support/process.js';
import { createProvider, messageOf, setInventories, startTestService, type TestService } from '../support/service.js';
import { until } from '../support/until.js';

interface RunDocument {
  readonly run: number;
  readonly state: string;
  readonly due_at: string;
  readonly attempt: number;
  readonly rows: number | null;
  readonly error: { code: string; message: string; retry_at: string | null } | null;
  readonly manifest: { bucket: string; key: string } | null;
  readonly files: readonly { key: string; size: number; md5: string; rows: number }[];
}

const DAILY = { enabled: true, schedule: { frequency: 'daily' }, destination: { format: 'csv' } };

describe('runs of inventory jobs', () => {
  let test: TestService;
  let folder: string;
  before(async () => {
    folder = await temporaryFolder();
    test = await startTestService({
      config: {
        listsWorker: true,
        listsDir: path.join(folder, 'lists'),
        listsSpool: path.join(folder, 'spool'),
        // A bucket that the configuration loses: see below.
        listBuckets: [{ type: 'folder', name: 'archive', path: path.join(folder, 'archive') }],
      },
    });
    for (const name of ['h1', 'rack 1/h2']) {
      const uuid = await createProvider(test.api, name);
      await setInventories(test.api, uuid, { VCPU: { total: 16 }, MEMORY_MB: { total: 65536 } });
    }
  });
  after(async () => {
    await test.close();
    await cleanUp();
  });

  const runOf = async (id: string, run: string | number): Promise<RunDocument> =>
    (await test.api.get(`/stockroom/lists/${id}/runs/${run}`).expect(200)).body as RunDocument;
  const set = (id: string, body: object = DAILY) => test.api.put(`/stockroom/lists/${id}`, body);
  const latest = (id: string): Promise<RunDocument> =>
    until(
      `a list of ${id}`,
      async () => {
        const { status, body } = await test.api.get(`/stockroom/lists/${id}/runs/latest`);
        return status === 200 && (body as RunDocument);
      },
      30_000,
    );
  const read = (key: string): Buffer => readFileSync(path.join(folder, 'lists', key));

  it('write a list at once when the job is new: parts, manifest.json, manifest.checksum', async () => {
    await set('first', { ...DAILY, optional_fields: ['Total'] }).expect(201);
    const run = await latest('first');
    assert.deepEqual([run.attempt, run.rows, run.files.length], [1, 4, 1]);
    assert.equal(run.manifest?.key, `placement/first/${run.due_at.slice(0, 16).replace(':', '-')}Z/manifest.json`);
    const manifest = read(run.manifest.key);
    assert.equal(
      read(run.manifest.key.replace('json', 'checksum')).toString(),
      createHash('md5').update(manifest).digest('hex'),
    );
    const { files, stockroom } = JSON.parse(manifest.toString()) as {
      files: { key: string; size: number; MD5checksum: string }[];
      stockroom: { run: number };
    };
    assert.equal(stockroom.run, run.run);
    assert.deepEqual(
      files.map(({ key, size, MD5checksum: md5 }) => ({ key, size, md5, rows: 4 })),
      run.files,
    );
    const csv = gunzipSync(read(run.files[0]?.key ?? '')).toString();
    assert.equal(csv.split('\n')[1], '"placement","h1/VCPU","16"');
    // The run removes its spool after it has said that it ended.
    await until('the spool is empty', () => Promise.resolve(readdirSync(path.join(folder, 'spool')).length === 0));
  });

  for (const [index, prefix] of ['', 'regionone', '/regionone', 'regionone/', '/a/b/'].entries()) {
    it(`have keys without // whatever slashes the prefix has: ${JSON.stringify(prefix)}`, async () => {
      const id = `prefix-${index}`;
      await set(id, { ...DAILY, destination: { prefix, format: 'parquet' } }).expect(201);
      const run = await latest(id);
      const inner = prefix.replaceAll(/^\/|\/$/g, '');
      assert.ok(run.manifest?.key.startsWith(`${inner === '' ? '' : `${inner}/`}placement/${id}/`));
      const { files } = JSON.parse(read(run.manifest?.key ?? '').toString()) as { files: { key: string }[] };
      for (const { key } of files) {
        assert.ok(!key.includes('//'));
        assert.ok(existsSync(path.join(folder, 'lists', key)));
      }
    });
  }

  it('serve their files, whole and in ranges, with conditions', async () => {
    await set('served').expect(201);
    const run = await latest('served');
    const at = (name: string) => `/stockroom/lists/served/runs/latest/files/${name}`;
    const part = run.files[0];
    assert.ok(part !== undefined);
    const name = part.key.slice(part.key.lastIndexOf('/') + 1);
    const whole = await test.api.get(at(name)).buffer(true).parse(bytes).expect(200);
    assert.equal(whole.headers['content-type'], 'application/gzip');
    assert.equal(whole.headers['content-length'], String(part.size));
    assert.equal(whole.headers['etag'], `"${part.md5}"`);
    assert.equal(whole.headers['content-encoding'], undefined);
    assert.equal(
      createHash('md5')
        .update(whole.body as Buffer)
        .digest('hex'),
      part.md5,
    );
    const piece = await test.api.get(at(name)).set('range', 'bytes=2-5').buffer(true).parse(bytes).expect(206);
    assert.deepEqual(piece.body, (whole.body as Buffer).subarray(2, 6));
    assert.equal(piece.headers['content-range'], `bytes 2-5/${part.size}`);
    const beyond = await test.api.get(at(name)).set('range', `bytes=${part.size}-`).expect(416);
    assert.equal(beyond.headers['content-range'], `bytes */${part.size}`);
    assert.equal(messageOf(beyond.body), 'No byte of the range is in the file.');
    await test.api.get(at(name)).set('if-none-match', `"${part.md5}"`).expect(304);
    const manifest = await test.api.get(at('manifest.json')).expect(200);
    assert.equal((manifest.body as { fileFormat: string }).fileFormat, 'CSV');
    const { text } = await test.api.get(at('manifest.checksum')).expect(200);
    assert.match(text, /^[0-9a-f]{32}$/);
    for (const wrong of ['..', 'manifest', name.replace('.csv.gz', '-1.csv.gz'), '%2e%2e%2fmanifest.json', '.env']) {
      await test.api.get(at(wrong)).expect(404);
    }
  });

  it('say where files are that are not here', async () => {
    await set('elsewhere').expect(201);
    const run = await latest('elsewhere');
    const file = `/stockroom/lists/elsewhere/runs/${run.run}/files/manifest.json`;
    await sql(
      test.databaseUrl,
      `update list_runs set host = 'ctl1', manifest_key = 'placement/elsewhere/x/manifest.json' where id = $1`,
      [run.run],
    );
    const there = await test.api.get(file).expect(404);
    assert.match(messageOf(there.body), /^The list is in the folder of ctl1; this is .+\.$/);
    await sql(
      test.databaseUrl,
      `update list_runs set settings = jsonb_set(settings, '{destination,bucket}', '"cloud-lists"') where id = $1`,
      [run.run],
    );
    assert.equal(messageOf((await test.api.get(file).expect(404)).body), 'The list is in bucket cloud-lists.');
  });

  it('fail with NoSuchBucket when the configuration has lost the bucket, and wait for an operator', async () => {
    await set('lost', { ...DAILY, enabled: false }).expect(201);
    await sql(
      test.databaseUrl,
      `update list_jobs set settings = jsonb_set(settings, '{destination,bucket}', '"gone"') where id = 'lost'`,
    );
    const { body } = await test.api.post('/stockroom/lists/lost/runs').expect(202);
    const { run } = body as RunDocument;
    const failed = await until('the failure', async () => {
      const found = await runOf('lost', run);
      return found.error !== null && found;
    });
    assert.equal(failed.state, 'queued');
    assert.equal(failed.error?.code, 'NoSuchBucket');
    assert.match(failed.error.message, /\[list_bucket:gone\]/);
    const minutes = (Date.parse(failed.error.retry_at ?? '') - Date.now()) / 60_000;
    assert.ok(minutes > 14 && minutes <= 15, String(minutes));
  });

  it('write an empty list when nothing is in the filter', async () => {
    await set('empty', { ...DAILY, filter: { prefix: 'nothing' } }).expect(201);
    const run = await latest('empty');
    assert.deepEqual([run.rows, run.files], [0, []]);
    assert.ok(existsSync(path.join(folder, 'lists', run.manifest?.key.replace('json', 'checksum') ?? '')));
  });

  it('show in the metrics of every process', async () => {
    await set('measured').expect(201);
    await latest('measured');
    const admin = await startAdmin(test.service);
    try {
      // The process counts a run and removes its spool after the row says that the run has succeeded.
      const { value } = await until('the run is counted', async () => {
        const metrics = await admin.metrics();
        const counted = metrics.value('stockroom_list_runs_total{list="measured",outcome="succeeded"}');
        const isShown = metrics.value('stockroom_list_rows{list="measured"}') === 4;
        return counted === 1 && isShown && metrics.value('stockroom_list_spool_bytes') === 0 && metrics;
      });
      assert.equal(value('stockroom_list_interval_seconds{list="measured"}'), 86_400);
      const age = Date.now() / 1000 - (value('stockroom_list_last_success_timestamp_seconds{list="measured"}') ?? 0);
      assert.ok(age >= 0 && age < 600, String(age));
      assert.ok((value('stockroom_list_bytes{list="measured"}') ?? 0) > 0);
      assert.equal(value('stockroom_list_due_skipped_total'), 0);
      assert.ok((value('stockroom_list_run_duration_seconds_count{phase="reading"}') ?? 0) > 0);
    } finally {
      admin.close();
    }
    // A process that has done no run knows the same of the jobs.
    const other = await startTestService({ databaseUrl: test.databaseUrl });
    const its = await startAdmin(other.service);
    try {
      await until(
        'the rows of the list are shown',
        async () => (await its.metrics()).value('stockroom_list_rows{list="measured"}') === 4,
        30_000,
      );
    } finally {
      its.close();
      await other.close();
    }
  });
});

/** The body as bytes, whatever its type. */
function bytes(response: unknown, done: (error: Error | null, body: Buffer) => void): void {
  const chunks: Buffer[] = [];
  const stream = response as NodeJS.ReadableStream;
  stream.on('data', (chunk: Buffer) => chunks.push(chunk));
  stream.on('end', () => {
    done(null, Buffer.concat(chunks));
  });
}
