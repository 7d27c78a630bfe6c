import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { createCleaner } from '../../src/lists/clean/clean.js';
import { s3Destination } from '../../src/lists/destination/s3.js';
import type { SpooledList } from '../../src/lists/model.js';
import { cancelRun } from '../../src/lists/run/rows.js';
import type { SpoolRequest } from '../../src/lists/run/run.js';
import { createListWorker, type ListWorker, type WorkerOptions } from '../../src/lists/run/worker.js';
import { spoolList } from '../../src/lists/spool/spool.js';
import { defaultConfig } from '../../src/config.js';
import { openPool } from '../../src/db/database.js';
import { databaseOptions } from '../../src/db/options.js';
import type { Pool } from '../../src/db/pool.js';
import { createLog } from '../../src/ops/log.js';
import { startFaultyStore, type FaultyStore } from '../support/faulty-store.js';
import { cleanUp, temporaryFolder } from '../support/process.js';
import { bucketAt } from '../support/s3-store.js';
import { sql } from '../support/database.js';
import { createProvider, setInventories, startTestService, type TestService } from '../support/service.js';
import { until } from '../support/until.js';

const NEVER = new AbortController().signal;
/** Far more than the buffers of a connection hold. */
const LARGE_BYTES = 32 * 1024 * 1024;
/** For what takes a second on an idle machine. */
const PATIENCE_MS = 90_000;

describe('a run whose store', function () {
  this.timeout(240_000);
  let test: TestService;
  let store: FaultyStore;
  let pool: Pool;
  let folder: string;
  let worker: ListWorker | null;
  let isGone = false;
  const log = createLog(process.env['TEST_LOG'] ?? 'silent');
  before(async () => {
    store = await startFaultyStore();
    const listBuckets = [{ type: 's3' as const, ...bucketAt(store.endpoint) }];
    test = await startTestService({ config: { listsWorker: false, listBuckets } });
    pool = openPool(defaultConfig(), test.databaseUrl, log);
    const roomy = { total: 16 };
    const inventories = { VCPU: roomy, MEMORY_MB: roomy, DISK_GB: roomy };
    await setInventories(test.api, await createProvider(test.api, 'h1'), inventories);
  });
  beforeEach(async () => {
    worker = null;
    folder = await temporaryFolder();
    await sql(test.databaseUrl, 'delete from list_runs');
    [store.speed, store.onRequest, store.requests.length] = [null, null, 0];
    store.objects.clear();
  });
  afterEach(async () => {
    await worker?.stop(0, AbortSignal.abort());
    await comeBack();
  });
  after(async () => {
    await pool.close();
    await test.close();
    await store.stop();
    await cleanUp();
  });

  /** A store with the same address as the one that has gone away. */
  async function comeBack(): Promise<void> {
    if (!isGone) return;
    store = await startFaultyStore(undefined, Number(new URL(store.endpoint).port));
    isGone = false;
  }
  const spool = (): string => path.join(folder, 'spool');
  const bucket = (timeout: number) => ({ type: 's3' as const, ...bucketAt(store.endpoint, { timeout }) });
  /** now() is the time when a statement began: it may see a row that was written later. */
  const runRow = async (): Promise<Record<string, unknown>> => {
    const wait = 'extract(epoch from not_before - clock_timestamp()) as wait';
    return (await sql(test.databaseUrl, `select *, ${wait} from list_runs order by id desc limit 1`))[0]!;
  };
  const stateIs = (state: string) =>
    until(
      `a run that is ${state}`,
      async () => {
        const row = await runRow();
        return row['state'] === state && row;
      },
      PATIENCE_MS,
    );

  async function requestRun(id: string): Promise<void> {
    const body = { enabled: false, schedule: { frequency: 'daily' }, destination: { bucket: 'cloud-lists' } };
    await test.api.put(`/stockroom/lists/${id}`, body);
    await test.api.post(`/stockroom/lists/${id}/runs`).expect(202);
  }

  /** A worker as the service has it, with the pauses between the requests of an attempt shortened. */
  function work(timeout = 60, more: Partial<WorkerOptions> = {}): void {
    worker = createListWorker({
      ...{ pool, log, hooks: [], source: 'placement', buckets: [bucket(timeout)], host: 'here', spool: spool() },
      ...{ runs: 1, chores: [], interval: 50, meter: { ended: () => undefined, skipped: () => undefined } },
      destinationOf: () => s3Destination(bucket(timeout), { firstPause: 1 }),
      spoolList: (request) => spoolList({ ...request, database: databaseOptions(defaultConfig(), test.databaseUrl) }),
      ...more,
    });
  }

  /** A list of one part, larger or smaller than a database of a test gives. */
  function listOfSize(bytes: number): (request: SpoolRequest) => Promise<SpooledList> {
    return ({ uuid, spoolDir }) => {
      const content = Buffer.alloc(bytes, 'x');
      const file = path.join(spoolDir, 'part');
      writeFileSync(file, content);
      const digest = (name: string): string => createHash(name).update(content).digest('hex');
      const part = { name: `${uuid}.csv.gz`, path: file, size: bytes, rows: 1, md5: digest('md5') };
      return Promise.resolve({
        ...{ takenAt: new Date(), rows: 1, trees: { count: 1, first: 'h1' }, schema: 'Bucket, Key', warnings: [] },
        parts: [{ ...part, sha256: digest('sha256') }],
      });
    };
  }

  /** As the cleaner of a process does an hour later. */
  async function clean(): Promise<void> {
    await sql(test.databaseUrl, `update list_locks set until = '-infinity'`);
    await createCleaner({
      ...{ pool, log, host: 'here', quiet: -1, onFailure: () => undefined, buckets: [bucket(60)] },
      destinationOf: () => s3Destination(bucket(60)),
    })(NEVER);
  }
  /** The store reads on: connections that have ended have only the beginning of a part. */
  async function nothingArrived(): Promise<void> {
    store.speed = null;
    await until('all connections have ended', () => store.open.size === 0, PATIENCE_MS);
    assert.deepEqual([store.requests.length, store.objects.size], [0, 0]);
  }
  const deleted = (): string[] =>
    store.requests.filter(({ method }) => method === 'DELETE').map(({ path: key }) => key.replace('/lists/', ''));

  it('goes away in the middle of a part, and for longer than ten minutes: another attempt makes the list', async () => {
    const before = store;
    store.onRequest = () => {
      isGone = true;
      return before.stop();
    };
    await requestRun('patient');
    work();
    // What the contract says of retries, in minutes: time is shortened by setting the row's clock back.
    for (const [index, minutes] of [1, 5, 15].entries()) {
      const attempt = index + 1;
      const row = await until(
        `attempt ${attempt} has failed`,
        async () => {
          const now = await runRow();
          return now['state'] === 'queued' && now['attempt'] === attempt && now;
        },
        PATIENCE_MS,
      );
      assert.equal((row['error'] as { code: string }).code, 'ConnectionFailed');
      const wait = Number(row['wait']);
      assert.ok(wait <= 60 * minutes && wait > 60 * minutes - 59, `${wait} s`);
      assert.deepEqual(readdirSync(spool()), [], 'an attempt that waits keeps no spool');
      if (index === 2) await comeBack();
      await sql(test.databaseUrl, 'update list_runs set not_before = now()');
    }
    const row = await stateIs('succeeded');
    assert.deepEqual([row['attempt'], row['error'], row['rows']], [4, null, '3']);
    await clean();
    const manifest = String(row['manifest_key']);
    const files = (row['files'] as { key: string }[]).map(({ key }) => key);
    const expected = [...files, manifest, manifest.replace('.json', '.checksum')];
    assert.deepEqual([...store.objects.keys()].sort(), expected.map((key) => `/lists/${key}`).sort());
  });

  it('reads 1 kB/s holds no transaction and no lock, and its connection ends when the run is cancelled', async () => {
    store.speed = 1000;
    await requestRun('slow');
    work(600, { lease: 20, spoolList: listOfSize(LARGE_BYTES) });
    await until('the store reads', () => store.open.size === 1, PATIENCE_MS);
    const first = await runRow();
    assert.equal(first['phase'], 'uploading');
    const renewed = async (): Promise<boolean> => {
      const now = await runRow();
      return Number(now['lease_until']) > Number(first['lease_until']) && now['state'] === 'running';
    };
    await until('the lease is renewed', renewed, PATIENCE_MS);
    await until('no session is in a transaction, and none has a lock on the tables of lists', async () => {
      const [{ busy } = {}] = await sql(
        test.databaseUrl,
        `select count(*)::integer as busy from pg_stat_activity a
         where datname = current_database() and pid <> pg_backend_pid() and backend_type = 'client backend'
           and (xact_start is not null or exists (
             select from pg_locks l where l.pid = a.pid and l.relation::regclass::text like 'list\\_%'))`,
      );
      return busy === 0;
    });
    await cancelRun({ pool, hooks: [] }, 'slow', String(first['id']));
    await until('no spool is left', () => readdirSync(spool()).length === 0, PATIENCE_MS);
    await nothingArrived();
    assert.equal((await runRow())['state'], 'cancelled');
    // The service does not know whether the part arrived. It deletes the part, after what could name it.
    store.requests.length = 0;
    await clean();
    const names = deleted().map((key) => key.replace(/^.*\/(?:[0-9a-f-]{36})?/, ''));
    assert.deepEqual(names, ['manifest.checksum', 'manifest.json', '.csv.gz']);
  });

  it('reads 1 kB/s fails with Timeout when nothing moves for the time of the section, to be tried again soon', async () => {
    store.speed = 1000;
    await requestRun('stuck');
    work(0.2, { spoolList: listOfSize(LARGE_BYTES) });
    const row = await until(
      'the attempt has failed',
      async () => {
        const now = await runRow();
        return now['state'] === 'queued' && now['attempt'] === 1 && now;
      },
      PATIENCE_MS,
    );
    const { code, message } = row['error'] as { code: string; message: string };
    assert.equal(code, 'Timeout');
    assert.match(
      message,
      /^PUT \S+\.csv\.gz \(bucket cloud-lists\): (nothing moved for 0\.2 s|no response within \d+ s)$/,
    );
    await nothingArrived();
  });

  it('reads 1 kB/s gets a small list in the end', async () => {
    store.speed = 1000;
    await requestRun('small');
    work(60, { spoolList: listOfSize(1500) });
    const row = await stateIs('succeeded');
    assert.equal(row['attempt'], 1);
    assert.equal(store.objects.size, 3);
  });

  it('has a list that is too old: manifest.checksum is deleted first, then manifest.json, then each part', async () => {
    const database = databaseOptions(defaultConfig(), test.databaseUrl);
    const part = { rows: 1, bytes: 1e9 };
    await requestRun('old');
    work(60, { spoolList: (request) => spoolList({ ...request, database, limits: { part } }) });
    const old = await stateIs('succeeded');
    const files = (old['files'] as { key: string }[]).map(({ key }) => key);
    assert.equal(files.length, 3);
    await sql(test.databaseUrl, `update list_runs set due_at = due_at - interval '10 days' where id = $1`, [old['id']]);
    // The keys of the list have the due time, so it has to be the same in both.
    const due = (await runRow())['due_at'] as Date;
    const base = files[0]!.slice(0, files[0]!.indexOf('/data/'));
    const at = `${base}/${due.toISOString().slice(0, 16).replace(':', '-')}Z`;
    await test.api.post('/stockroom/lists/old/runs').expect(202);
    await until('a newer list', async () => (await runRow())['id'] !== old['id'] && stateIs('succeeded'), PATIENCE_MS);
    await sql(test.databaseUrl, `update list_jobs set settings = settings || '{"keep_days": 5}' where id = 'old'`);
    await sql(test.databaseUrl, `update list_runs set settings = settings || '{"keep_days": 5}'`);
    store.requests.length = 0;
    await clean();
    assert.deepEqual(deleted(), [`${at}/manifest.checksum`, `${at}/manifest.json`, ...files]);
    assert.equal(store.requests.length, 5, 'and nothing else is asked');
  });
});
