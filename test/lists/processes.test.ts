import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { createCleaner } from '../../src/lists/clean/clean.js';
import { s3Destination } from '../../src/lists/destination/s3.js';
import type { Pool } from '../../src/db/pool.js';
import { defaultConfig } from '../../src/config.js';
import { openPool } from '../../src/db/database.js';
import { createLog } from '../../src/ops/log.js';
import { createTestDatabase, dropTestDatabase, sql } from '../support/database.js';
import { startFaultyStore, type FaultyStore, type Recorded } from '../support/faulty-store.js';
import { cleanUp, startProcess, temporaryFolder, type RunningProcess } from '../support/process.js';
import { bucketAt } from '../support/s3-store.js';
import { createProvider, setInventories, startTestService, type TestService } from '../support/service.js';
import { until } from '../support/until.js';

const JOB = { enabled: false, schedule: { frequency: 'daily' }, destination: { bucket: 'cloud-lists' } };
const NEVER = new AbortController().signal;

/** Processes that do runs, as their users start them, and a store that says what they send. */
describe('processes that do the runs of inventory jobs', function () {
  let store: FaultyStore;
  let databaseUrl: string;
  let service: TestService;
  let pool: Pool;
  let folder: string;
  let started: RunningProcess[];
  const log = createLog(process.env['TEST_LOG'] ?? 'silent');
  before(async () => {
    databaseUrl = await createTestDatabase();
    pool = openPool(defaultConfig(), databaseUrl, log);
  });
  beforeEach(async () => {
    started = [];
    store = await startFaultyStore();
    folder = await temporaryFolder();
    await sql(databaseUrl, 'delete from list_runs');
    const listBuckets = [{ type: 's3' as const, ...bucketAt(store.endpoint) }];
    service = await startTestService({ databaseUrl, config: { listsWorker: false, listBuckets } });
  });
  afterEach(async () => {
    for (const one of started) {
      one.signal('SIGKILL');
      await one.ended();
    }
    await service.close();
    await store.stop();
  });
  after(async () => {
    await cleanUp();
    await pool.close();
    await dropTestDatabase(databaseUrl);
  });

  const spool = (): string => path.join(folder, 'spool');
  async function worker(): Promise<RunningProcess> {
    const file = path.join(folder, 'placement.conf');
    const lines = [
      ...['[stockroom]', `lists_spool = ${spool()}`, `data_dir = ${folder}`, 'drain_timeout = 1'],
      ...['[placement_database]', `connection = ${databaseUrl}`],
      ...['[list_bucket:cloud-lists]', 'type = s3', `endpoint = ${store.endpoint}`, 'bucket = lists', 'timeout = 600'],
      ...['access_key = a', 'secret_key = b'],
    ];
    writeFileSync(file, lines.join('\n'));
    const one = startProcess(['lists', 'work', '--config-file', file]);
    started.push(one);
    await one.printed(/Doing the runs/);
    return one;
  }
  async function requestRun(id: string): Promise<void> {
    const { status } = await service.api.put(`/stockroom/lists/${id}`, JOB);
    assert.ok([200, 201].includes(status));
    await service.api.post(`/stockroom/lists/${id}/runs`).expect(202);
  }
  const runs = (id: string) => sql(databaseUrl, 'select * from list_runs where job = $1 order by id', [id]);
  const succeeds = (id: string) =>
    until(
      `a list of ${id}`,
      async () => {
        const [row] = await runs(id);
        return row?.['state'] === 'succeeded' && row;
      },
      30_000,
    );
  /** Resolves when the store has the next request for a key that ends so; the store responds after `release`. */
  function hold(method: string, ending: string): { reached: Promise<Recorded>; release: () => void } {
    let release = (): void => undefined;
    const released = new Promise<void>((resolve) => (release = resolve));
    const reached = new Promise<Recorded>((resolve) => {
      store.onRequest = async (request) => {
        if (request.method !== method || !request.path.endsWith(ending)) return;
        store.onRequest = null;
        resolve(request);
        await released;
      };
    });
    return { reached, release };
  }
  const objects = (): string[] => [...store.objects.keys()].sort();
  /** That every manifest there is names parts that are there. */
  function assertComplete(): void {
    for (const [key, bytes] of store.objects) {
      if (!key.endsWith('/manifest.json')) continue;
      for (const file of (JSON.parse(bytes.toString()) as { files: { key: string }[] }).files)
        assert.ok(store.objects.has(`/lists/${file.key}`), `${key} names ${file.key}, which is missing`);
    }
  }
  /** As the cleaner of a process does an hour later. */
  async function clean(): Promise<void> {
    await sql(databaseUrl, `update list_locks set until = '-infinity'`);
    await createCleaner({
      ...{ pool, log, host: 'here', quiet: -1, onFailure: () => undefined },
      buckets: [{ type: 's3', ...bucketAt(store.endpoint) }],
      destinationOf: () => s3Destination(bucketAt(store.endpoint)),
    })(NEVER);
  }
  async function addInventory(): Promise<void> {
    const found = await service.api.get('/resource_providers?name=h1').expect(200);
    if ((found.body as { resource_providers: unknown[] }).resource_providers.length > 0) return;
    await setInventories(service.api, await createProvider(service.api, 'h1'), { VCPU: { total: 16 } });
  }
  beforeEach(addInventory);

  for (const ending of ['.csv.gz', 'manifest.json', 'manifest.checksum']) {
    it(`do not harm the list of another one when they go on after SIGSTOP, frozen at ${ending}`, async () => {
      await requestRun('frozen');
      const { reached, release } = hold('PUT', ending);
      const first = await worker();
      await reached;
      first.signal('SIGSTOP');
      // The object is in the store; the process does not know it yet. Its lease runs out.
      release();
      await sql(databaseUrl, `update list_runs set lease_until = now() where state = 'running'`);
      await worker();
      const row = await succeeds('frozen');
      assert.equal(row['attempt'], 2);
      assertComplete();
      const before = new Map(store.objects);
      const count = store.requests.length;
      first.signal('SIGCONT');
      await first.logged(/lists run \d+ of frozen was taken over or cancelled/);
      assert.deepEqual(store.requests.slice(count), [], 'it sends nothing more');
      assert.deepEqual(store.objects, before);
      await clean();
      const manifest = `/lists/${String(row['manifest_key'])}`;
      const files = (row['files'] as { key: string }[]).map(({ key }) => `/lists/${key}`);
      const checksum = manifest.replace('.json', '.checksum');
      assert.deepEqual(objects(), [manifest, checksum, ...files].sort());
      assert.equal(store.objects.get(manifest)?.toString(), row['manifest']);
      const md5 = createHash('md5').update(String(row['manifest'])).digest('hex');
      assert.equal(store.objects.get(checksum)?.toString(), md5);
      await until('no spool is left', () => readdirSync(spool()).length === 0);
    });
  }

  it('give a run back that is being uploaded when they are told to end, and another does it at once', async () => {
    await requestRun('given');
    const { reached, release } = hold('PUT', '.csv.gz');
    const first = await worker();
    await reached;
    const second = await worker();
    first.signal('SIGTERM');
    assert.equal(await first.ended(), 0);
    const [{ state, attempt } = {}] = await runs('given');
    assert.ok(state === 'queued' || attempt === 2, 'no other process has to wait for the end of the lease');
    assert.match(first.errors(), /lists run \d+ of given was given back: this process ends/);
    const row = await succeeds('given');
    assert.equal(row['attempt'], 2);
    await second.logged(/lists run \d+ of given succeeded/);
    release();
    await clean();
    assertComplete();
    assert.equal(objects().length, 3);
    await until('no spool is left', () => readdirSync(spool()).length === 0);
  });

  it('remove the spool of one that was killed', async () => {
    await requestRun('killed');
    const { reached, release } = hold('PUT', '.csv.gz');
    const first = await worker();
    await reached;
    first.signal('SIGKILL');
    await first.ended();
    release();
    const [left] = readdirSync(spool());
    assert.ok(left !== undefined);
    // It starts while the lease of the killed process lasts.
    await worker();
    await sql(databaseUrl, `update list_runs set lease_until = now() where state = 'running'`);
    await succeeds('killed');
    await until('no spool is left', () => readdirSync(spool()).length === 0, 20_000);
    assert.ok(!existsSync(path.join(spool(), left)));
  });

  it('stop a run whose job is deleted, publish nothing, and the cleaner removes what was sent', async () => {
    await requestRun('deleted');
    const { reached, release } = hold('PUT', '.csv.gz');
    const one = await worker();
    await reached;
    await service.api.delete('/stockroom/lists/deleted').expect(204);
    assert.equal((await runs('deleted'))[0]?.['state'], 'cancelled');
    release();
    await one.logged(/lists run \d+ of deleted was taken over or cancelled/);
    assert.equal(objects().length, 1, 'the part; no manifest');
    await until('no spool is left', () => readdirSync(spool()).length === 0);
    await clean();
    assert.deepEqual(objects(), []);
    // The same process does the next run.
    await requestRun('next');
    await succeeds('next');
  });

  it('clean by the keys of the database: no listing, no other key, no other method', async () => {
    // A run of two attempts, of which the first left a part; a cancelled one; one whose job is deleted with its lists.
    await requestRun('twice');
    const { reached, release } = hold('PUT', '.csv.gz');
    const first = await worker();
    await reached;
    first.signal('SIGKILL');
    await first.ended();
    release();
    await sql(databaseUrl, `update list_runs set lease_until = now() where state = 'running'`);
    await worker();
    await succeeds('twice');
    await requestRun('cancelled');
    const held = hold('PUT', '.csv.gz');
    await held.reached;
    await service.api.delete('/stockroom/lists/cancelled').expect(204);
    held.release();
    await requestRun('gone');
    await succeeds('gone');
    await service.api.delete('/stockroom/lists/gone?lists=delete').expect(204);
    // An object of another owner in the same place.
    const foreign = '/lists/placement/twice/data/of-another-owner.csv.gz';
    store.objects.set(foreign, Buffer.from('x'));

    const known = new Map<string, string>();
    const attempts = await sql<{ job: string; due: string; uuid: string; base: string }>(
      databaseUrl,
      `select r.job, to_char(r.due_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24-MI"Z"') as due, a.uuid, a.base
       from list_attempts a join list_runs r on r.id = a.run`,
    );
    assert.equal(attempts.length, 4);
    for (const { job, due, uuid, base } of attempts) {
      for (const name of ['manifest.json', 'manifest.checksum']) known.set(`/lists/${base}/${due}/${name}`, job);
      for (const name of [`${uuid}.csv.gz`, `${uuid}-1.csv.gz`]) known.set(`/lists/${base}/data/${name}`, job);
    }
    const since = store.requests.length;
    await clean();
    const asked = store.requests.slice(since);
    for (const { method, path: key } of asked) {
      assert.ok(known.has(key), `${method} ${key}`);
      assert.ok(['GET', 'DELETE'].includes(method), `${method} ${key}`);
      // A manifest that is as its row says is read, and stays.
      if (method === 'GET') assert.match(key, /\/twice\/[^/]+\/manifest\.(json|checksum)$/);
    }
    assert.ok(asked.some(({ method }) => method === 'DELETE'));
    const [row] = await runs('twice');
    const manifest = `/lists/${String(row?.['manifest_key'])}`;
    const kept = [manifest, manifest.replace('.json', '.checksum'), foreign];
    for (const { key } of row?.['files'] as { key: string }[]) kept.push(`/lists/${key}`);
    assert.deepEqual(objects(), kept.sort());
    // And what is clean is not asked for again.
    await clean();
    assert.equal(store.requests.length, since + asked.length);
  });
});
