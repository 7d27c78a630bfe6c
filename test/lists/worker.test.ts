import assert from 'node:assert/strict';
import { createHash, createHmac, randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { createCleaner } from '../../src/lists/clean/clean.js';
import { folderDestination } from '../../src/lists/destination/folder.js';
import { queueDue } from '../../src/lists/job/due.js';
import { setJob } from '../../src/lists/job/rows.js';
import { claimRun, failAttempt, renewLease } from '../../src/lists/run/lease.js';
import {
  DestinationError,
  type Destination,
  type JobSettings,
  type ListHook,
  type SpooledList,
} from '../../src/lists/model.js';
import { createMessengers } from '../../src/lists/notify/deliver.js';
import { AT_ONCE } from '../../src/lists/notify/rows.js';
import { retryDelay } from '../../src/lists/run/retry.js';
import { doRun, type RunDeps } from '../../src/lists/run/run.js';
import { createListWorker } from '../../src/lists/run/worker.js';
import { openPool } from '../../src/db/database.js';
import { defaultConfig } from '../../src/config.js';
import type { Pool } from '../../src/db/pool.js';
import { createLog } from '../../src/ops/log.js';
import { createTestDatabase, dropTestDatabase, sql } from '../support/database.js';
import { cleanUp, temporaryFolder } from '../support/process.js';
import { until } from '../support/until.js';

/** The latest due time of the schedule: half a day ago, so that no due time comes during a test. */
const DUE = new Date(Math.floor(Date.now() / 3_600_000 - 12) * 3_600_000);

const SETTINGS: JobSettings = {
  enabled: true,
  filter: null,
  included_versions: 'current',
  optional_fields: [],
  schedule: { frequency: 'daily', at: DUE.toISOString().slice(11, 16) },
  destination: { bucket: 'local', prefix: '', format: 'csv', encryption: null },
  keep_days: null,
  notify: [],
};

describe('the worker of inventory jobs', () => {
  let databaseUrl: string;
  let pool: Pool;
  let folder: string;
  const log = createLog(process.env['TEST_LOG'] ?? 'silent');
  before(async () => {
    databaseUrl = await createTestDatabase();
    pool = openPool(defaultConfig(), databaseUrl, log);
  });
  after(async () => {
    await pool.close();
    await dropTestDatabase(databaseUrl);
    await cleanUp();
  });
  beforeEach(async () => {
    folder = await temporaryFolder();
    for (const table of ['list_runs', 'list_jobs']) await sql(databaseUrl, `delete from ${table}`);
    await sql(databaseUrl, `update list_locks set until = '-infinity'`);
  });

  const lists = (): string => path.join(folder, 'lists');
  const buckets = () => [{ type: 'folder' as const, name: 'local', path: lists() }];
  const rowsOf = (text: string, values: unknown[] = []) => sql(databaseUrl, text, values);

  /** A list of one part, whose bytes name the attempt. */
  async function spoolOne({ uuid, spoolDir }: { uuid: string; spoolDir: string }): Promise<SpooledList> {
    const file = path.join(spoolDir, 'part');
    writeFileSync(file, uuid);
    const part = { name: `${uuid}.csv.gz`, path: file, size: uuid.length, rows: 1 };
    const [md5, sha256] = ['md5', 'sha256'].map((algorithm) => createHash(algorithm).update(uuid).digest('hex')) as [
      string,
      string,
    ];
    return Promise.resolve({
      takenAt: new Date(),
      rows: 1,
      trees: { count: 1, first: 'h1' },
      parts: [{ ...part, md5, sha256 }],
      schema: 'Bucket, Key',
      warnings: [],
    });
  }

  const deps = (more: Partial<RunDeps> = {}): RunDeps => ({
    pool,
    hooks: [],
    source: 'placement',
    buckets: buckets(),
    spoolFolder: path.join(folder, 'spool', randomUUID()),
    destinationOf: () => folderDestination(lists()),
    spoolList: spoolOne,
    onPhase: () => undefined,
    ...more,
  });
  const meter = { ended: () => undefined, skipped: () => undefined };
  const never = new AbortController().signal;
  const claim = async (lease = 60) => {
    const claimed = await claimRun(pool, { worker: '00000000-0000-4000-8000-000000000001', host: 'here', lease });
    assert.ok(claimed !== null);
    return claimed;
  };
  /** A job that has no run yet of its latest due time, nor of so many days before. */
  async function dueJob(id: string, daysBefore = 0, settings = SETTINGS): Promise<void> {
    await setJob({ pool }, id, { ...settings, enabled: false });
    await rowsOf(
      `update list_jobs set enabled = true, settings = settings || '{"enabled": true}',
         next_due = $2::timestamptz - make_interval(days => $3) where id = $1`,
      [id, DUE, daysBefore],
    );
  }

  it('makes up for a week without a process with one run', async () => {
    await dueJob('a', 6);
    const [job] = await queueDue({ pool, hooks: [] });
    assert.ok(job !== undefined);
    assert.deepEqual([job.queued, job.passed, job.dueAt], [true, 6, DUE]);
    const runs = await rowsOf('select due_at, reason, state from list_runs');
    assert.deepEqual(runs, [{ due_at: job.dueAt, reason: 'schedule', state: 'queued' }]);
    const [{ next } = {}] = await rowsOf('select next_due as next from list_jobs');
    assert.equal((next as Date).getTime() - job.dueAt.getTime(), 86_400_000);
    assert.deepEqual(await queueDue({ pool, hooks: [] }), []);
  });

  it('keeps a due time that has just come when the job is set again, unless its schedule changes or it is disabled', async () => {
    const changes = {
      fields: { ...SETTINGS, optional_fields: ['Total' as const] },
      later: { ...SETTINGS, schedule: { frequency: 'daily' as const, at: '01:59' } },
      off: { ...SETTINGS, enabled: false },
    };
    for (const [id, settings] of Object.entries(changes)) {
      await dueJob(id);
      await setJob({ pool }, id, settings);
    }
    assert.deepEqual(
      (await queueDue({ pool, hooks: [] })).map(({ id, queued }) => [id, queued]),
      [['fields', true]],
    );
    const [run] = await rowsOf('select job, reason, settings from list_runs');
    assert.deepEqual([run?.['job'], run?.['reason']], ['fields', 'schedule']);
    assert.deepEqual((run?.['settings'] as JobSettings).optional_fields, ['Total']);
    const dues = await rowsOf('select id, next_due > now() as due from list_jobs order by id');
    assert.deepEqual(dues, [
      { id: 'fields', due: true },
      { id: 'later', due: true },
      { id: 'off', due: null },
    ]);
  });

  it('ends a run that waits for a retry when the next due time comes, and skips the due time of one that goes on', async () => {
    await dueJob('a');
    await queueDue({ pool, hooks: [] });
    const first = await claim();
    assert.ok((await failAttempt({ pool, hooks: [] }, first, { code: 'NoSuchBucket', message: 'gone' }, 900)) !== null);
    await rowsOf(`update list_jobs set next_due = next_due - interval '1 day'`);
    await rowsOf(`update list_runs set due_at = due_at - interval '1 day'`);
    const [second] = await queueDue({ pool, hooks: [] });
    assert.equal(second?.superseded?.id, first.run.id);
    assert.equal(second.superseded.error?.code, 'Superseded');
    assert.ok(second.queued);
    await claim();
    await rowsOf(`update list_jobs set next_due = next_due - interval '1 day'`);
    await rowsOf(`update list_runs set due_at = due_at - interval '10 days' where state = 'running'`);
    const [third] = await queueDue({ pool, hooks: [] });
    assert.deepEqual([third?.superseded, third?.queued], [null, false]);
  });

  it('gives each due time one successful end, with four workers of which one sleeps past its lease', async () => {
    for (let job = 0; job < 20; job++) await dueJob(`job-${job}`);
    let [begun, slept] = [0, 0];
    /** As a process that was stopped: until its lease has run out and another attempt has begun. */
    async function sleepPastLease(run: number): Promise<void> {
      slept++;
      const held = `where id = $1 and state = 'running' and attempt = $2`;
      const [row] = await rowsOf('select attempt from list_runs where id = $1', [run]);
      await until('another attempt', async () => {
        const text = `update list_runs set lease_until = now() - interval '1 second' ${held} returning id`;
        return (await rowsOf(text, [run, row?.['attempt']])).length === 0;
      });
    }
    const published: string[] = [];
    const workers = Array.from({ length: 4 }, (_, number) =>
      createListWorker({
        ...deps(),
        ...{
          log,
          host: `host-${number}`,
          spool: path.join(folder, 'spool'),
          runs: 3,
          meter,
          chores: [],
          interval: 50,
        },
        // Every fifth attempt of the first worker sleeps longer than its lease.
        async spoolList(request) {
          const run = Number(path.basename(request.spoolDir).split('.')[1]);
          if (number === 0 && begun++ % 5 === 0) await sleepPastLease(run);
          return spoolOne(request);
        },
        destinationOf: () => {
          const inner = folderDestination(lists());
          return {
            ...inner,
            async put(object, ...rest) {
              await inner.put(object, ...rest);
              if (object.key.endsWith('.checksum')) published.push(object.key);
            },
          } satisfies Destination;
        },
      }),
    );
    try {
      await until(
        'all runs',
        async () => {
          const [{ done } = {}] = await rowsOf(
            `select count(*)::integer as done from list_runs where state = 'succeeded'`,
          );
          return done === 20;
        },
        60_000,
      );
    } finally {
      await Promise.all(workers.map((worker) => worker.stop(0, AbortSignal.abort())));
    }
    const [counts] = await rowsOf(
      'select count(*)::integer as runs, count(distinct job)::integer as jobs from list_runs',
    );
    assert.deepEqual(counts, { runs: 20, jobs: 20 });
    assert.equal(new Set(published).size, 20);
    assert.ok(slept > 0);
    for (const row of await rowsOf('select manifest, manifest_key from list_runs')) {
      const { manifest, manifest_key: key } = row as { manifest: string; manifest_key: string };
      assert.equal(readFileSync(path.join(lists(), key), 'utf8'), manifest);
      const { files } = JSON.parse(manifest) as { files: { key: string }[] };
      for (const file of files) assert.ok(existsSync(path.join(lists(), file.key)));
    }
  });

  it('takes a run again whose lease it has lost itself, and the attempt before removes only what it has made', async () => {
    await dueJob('a');
    const spools: string[] = [];
    const worker = createListWorker({
      ...deps(),
      ...{ log, host: 'here', spool: path.join(folder, 'spool'), runs: 2, meter, chores: [], interval: 50 },
      async spoolList(request) {
        const attempt = spools.push(request.spoolDir);
        if (attempt === 1) {
          await rowsOf(`update list_runs set lease_until = now() - interval '1 second'`);
          await until('the second attempt', () => spools.length === 2);
          return spoolOne(request);
        }
        await until('the end of the first', () => !existsSync(spools[0] ?? ''));
        return spoolOne(request);
      },
    });
    try {
      await until('the end of the run', async () => {
        const [run] = await rowsOf(
          `select state, attempt, error from list_runs where state <> 'running' and attempt > 0`,
        );
        if (run !== undefined) assert.deepEqual(run, { state: 'succeeded', attempt: 2, error: null });
        return run !== undefined;
      });
    } finally {
      await worker.stop(0, AbortSignal.abort());
    }
    assert.equal(spools.length, 2);
  });

  for (const stoppedAt of ['.csv.gz', 'manifest.json', 'manifest.checksum']) fence(stoppedAt);

  /** A process that is stopped after its last look at the lease, right before it puts the object that ends so. */
  function fence(stoppedAt: string): void {
    it(`harms no list of another attempt for longer than the cleaner needs, stopped right before ${stoppedAt}`, async () => {
      await dueJob('a');
      await queueDue({ pool, hooks: [] });
      // The time for a manifest is a part of the lease; the row says when the lease is over.
      const first = await claim(3600);
      let resume = (): void => undefined;
      let atManifest = (): void => undefined;
      const reached = new Promise<void>((resolve) => (atManifest = resolve));
      const inner = folderDestination(lists());
      const slow: Destination = {
        ...inner,
        async put(object, ...rest) {
          if (object.key.endsWith(stoppedAt)) {
            atManifest();
            await new Promise<void>((resolve) => (resume = resolve));
          }
          await inner.put(object, ...rest);
        },
      };
      const overtaken = doRun(deps({ destinationOf: () => slow }), first, never);
      await reached;
      await rowsOf(`update list_runs set lease_until = now() - interval '1 second'`);
      const second = await claim();
      assert.equal(second.run.attempt, 2);
      await doRun(deps(), second, never);
      resume();
      await assert.rejects(overtaken, /taken over/);
      const [row] = await rowsOf('select manifest, manifest_key, state, attempt from list_runs');
      const { manifest, manifest_key: key, state, attempt } = row as Record<string, string | number>;
      assert.deepEqual([state, attempt], ['succeeded', 2]);
      // Whose manifest is in the place now, it names parts that exist.
      const there = readFileSync(path.join(lists(), String(key)), 'utf8');
      assert.equal(there === manifest, stoppedAt !== 'manifest.json');
      for (const file of (JSON.parse(there) as { files: { key: string }[] }).files)
        assert.ok(existsSync(path.join(lists(), file.key)));

      await clean('here');
      assert.equal(readFileSync(path.join(lists(), String(key)), 'utf8'), manifest);
      const checksum = readFileSync(path.join(lists(), String(key).replace('.json', '.checksum')), 'utf8');
      assert.equal(checksum, createHash('md5').update(String(manifest)).digest('hex'));
      const data = readdirSync(path.join(lists(), 'placement/a/data'));
      assert.deepEqual(
        data,
        (JSON.parse(String(manifest)) as { files: { key: string }[] }).files.map((file) => path.basename(file.key)),
      );
      const [{ left } = {}] = await rowsOf(
        'select count(*)::integer as left from list_attempts where cleaned_at is null',
      );
      assert.equal(left, 0);
    });
  }

  const clean = (host: string, more: Partial<Parameters<typeof createCleaner>[0]> = {}) =>
    createCleaner({
      ...{ pool, log, host, buckets: buckets(), quiet: -1, onFailure: () => undefined },
      destinationOf: () => folderDestination(lists()),
      ...more,
    })(never);

  async function oneList(id: string, settings = SETTINGS): Promise<{ run: number; key: string }> {
    await dueJob(id, 0, settings);
    await queueDue({ pool, hooks: [] });
    const claimed = await claim();
    await doRun(deps(), claimed, never);
    const [row] = await rowsOf('select manifest_key as key from list_runs where id = $1', [claimed.run.id]);
    return { run: claimed.run.id, key: String(row?.['key']) };
  }

  it('removes lists that are older than the job keeps them, never the newest', async () => {
    const old = await oneList('a', { ...SETTINGS, keep_days: 5 });
    await rowsOf(`update list_runs set due_at = due_at - interval '10 days'`);
    await clean('here');
    assert.ok(existsSync(path.join(lists(), old.key)), 'the newest stays');
    const { key: newKey } = await oneList('a', { ...SETTINGS, keep_days: 5 });
    // The path has the due time of before: the row is what the cleaner goes by.
    await rowsOf(`update list_runs set due_at = due_at + interval '10 days' - interval '1 minute' where id = $1`, [
      old.run,
    ]);
    await rowsOf(`update list_jobs set settings = settings || '{"keep_days": 0}'`);
    await rowsOf(`update list_locks set until = '-infinity'`);
    await clean('here');
    const [{ removed } = {}] = await rowsOf('select removed_at is not null as removed from list_runs where id = $1', [
      old.run,
    ]);
    assert.equal(removed, true);
    assert.ok(existsSync(path.join(lists(), newKey)));
  });

  it('survives a bucket that rejects: a warning on the run, and another attempt in a day', async () => {
    await oneList('a');
    await rowsOf('update list_runs set remove = true');
    const failures: string[] = [];
    const rejecting: Destination = {
      ...folderDestination(lists()),
      delete: () => Promise.reject(new DestinationError('AccessDenied', 'No.', 'late')),
    };
    await clean('here', { destinationOf: () => rejecting, onFailure: (bucket) => failures.push(bucket) });
    assert.deepEqual(failures, ['local']);
    const [row] = await rowsOf(
      `select warnings, clean_failures, clean_after > now() + interval '23 hours' as later, removed_at from list_runs`,
    );
    assert.deepEqual([row?.['clean_failures'], row?.['later'], row?.['removed_at']], [1, true, null]);
    assert.match(String(row?.['warnings']), /could not remove what is left in the bucket local: AccessDenied/);
    // Another machine does not touch the folder of this one.
    await rowsOf(`update list_locks set until = '-infinity'; `);
    await rowsOf(`update list_runs set clean_after = null`);
    await clean('elsewhere');
    assert.deepEqual(await rowsOf('select removed_at from list_runs'), [{ removed_at: null }]);
  });

  it('waits longer and longer, by what failed', () => {
    assert.deepEqual(
      [1, 2, 3, 4, 5, 9].map((attempt) => retryDelay('soon', attempt) / 60),
      [1, 5, 15, 60, 60, 60],
    );
    assert.deepEqual(
      [1, 2, 3].map((attempt) => retryDelay('late', attempt) / 60),
      [15, 60, 60],
    );
  });

  it('gives up a day after the run was queued', async () => {
    await dueJob('a');
    await queueDue({ pool, hooks: [] });
    await rowsOf(`update list_runs set queued_at = now() - interval '23 hours 30 minutes'`);
    const ended = await failAttempt({ pool, hooks: [] }, await claim(), { code: 'SlowDown', message: 'x' }, 3600);
    assert.equal(ended?.state, 'failed');
    assert.ok(ended.finishedAt !== null);
  });

  it('gives a run back that it reads when the process ends', async () => {
    await dueJob('a');
    const worker = createListWorker({
      ...deps(),
      ...{ log, host: 'here', spool: path.join(folder, 'spool'), runs: 1, meter, chores: [], interval: 50 },
      async spoolList({ signal }) {
        if (!signal.aborted) await once(signal, 'abort');
        throw signal.reason as Error;
      },
    });
    await until('the run', async () => (await rowsOf(`select from list_runs where state = 'running'`)).length === 1);
    await worker.stop(30_000, never);
    const [row] = await rowsOf('select state, not_before <= now() as now from list_runs');
    assert.deepEqual(row, { state: 'queued', now: true });
    const again = await claim();
    assert.equal(again.run.attempt, 2);
    assert.ok(await renewLease(pool, again));
  });

  it('removes the spool of a killed process when its lease has run out, though the next process started earlier', async () => {
    await dueJob('a');
    await queueDue({ pool, hooks: [] });
    const killed = '00000000-0000-4000-8000-000000000001';
    const claimed = await claim();
    const spool = path.join(folder, 'spool');
    const left = path.join(spool, `${killed}.${claimed.run.id}.${claimed.run.attempt}`);
    mkdirSync(left, { recursive: true });
    writeFileSync(path.join(left, 'part'), 'x');
    mkdirSync(path.join(spool, 'of-others'));
    let looks = 0;
    const chores = [
      () => {
        looks++;
        return Promise.resolve();
      },
    ];
    const worker = createListWorker({
      ...deps(),
      ...{ log, host: 'here', spool, runs: 1, meter, chores, interval: 50 },
    });
    try {
      await until('some looks', () => looks > 3);
      assert.ok(existsSync(left), 'the process may be alive');
      await rowsOf(`update list_runs set lease_until = now() - interval '1 second'`);
      await until('the folder is gone', () => !existsSync(left));
      await until(
        'the run',
        async () => (await rowsOf(`select from list_runs where state = 'succeeded'`)).length === 1,
      );
      await until('its spool is gone', () => readdirSync(spool).length === 1);
      assert.deepEqual(readdirSync(spool), ['of-others']);
    } finally {
      await worker.stop(0, AbortSignal.abort());
    }
  });

  describe('tells hooks', () => {
    let server: http.Server;
    let responses: (number | 'hang')[];
    let received: { headers: http.IncomingHttpHeaders; body: string }[];
    let hook: ListHook;
    beforeEach(async () => {
      [responses, received] = [[], []];
      server = http.createServer((request, response) => {
        let body = '';
        request.on('data', (chunk: Buffer) => (body += chunk.toString()));
        request.on('end', () => {
          received.push({ headers: request.headers, body });
          const reply = responses.shift() ?? 200;
          if (reply !== 'hang') response.writeHead(reply, { location: 'http://127.0.0.1:9/' }).end('thanks');
        });
      });
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
      const secretFile = path.join(folder, 'secret');
      writeFileSync(secretFile, 'a recognisable secret\n');
      const { port } = server.address() as AddressInfo;
      hook = { name: 'billing', url: `http://127.0.0.1:${port}/hook?x=1`, secretFile, events: ['succeeded', 'failed'] };
      await dueJob('a', 0, { ...SETTINGS, notify: ['billing'] });
      await queueDue({ pool, hooks: [hook] });
      await doRun(deps({ hooks: [hook] }), await claim(), never);
    });
    afterEach(() => {
      server.closeAllConnections();
      server.close();
    });
    /** Of receivers that have enough time, unless a test gives them less, in milliseconds. */
    const messengers = (hooks: readonly ListHook[], timeout = 600_000) =>
      createMessengers({ pool, log, hooks, onHook: () => undefined, timeout });
    const send = () => Promise.all(messengers([hook]).map((work) => work(never)));
    const hurry = () => rowsOf(`update list_messages set not_before = now() where not_before is not null`);

    it('of the end of a run, signed, once', async () => {
      await send();
      await send();
      assert.equal(received.length, 1);
      const [{ headers, body } = { headers: {}, body: '' }] = received;
      const timestamp = String(headers['x-stockroom-timestamp']);
      const signature = createHmac('sha256', 'a recognisable secret').update(`${timestamp}.${body}`).digest('hex');
      assert.equal(headers['x-stockroom-signature'], `v1=${signature}`);
      const message = JSON.parse(body) as {
        id: string;
        event: string;
        run: { state: string; list: string; files: unknown[] };
      };
      assert.deepEqual(
        [message.event, message.run.state, message.run.list, message.run.files.length],
        ['succeeded', 'succeeded', 'a', 1],
      );
      assert.ok(!body.includes('recognisable'));
    });

    it('again until they have received it, with the same id; redirects are no receipt', async () => {
      responses = [500, 307, 200];
      for (let round = 0; round < 4; round++) {
        await send();
        await hurry();
      }
      assert.equal(received.length, 3);
      assert.equal(new Set(received.map(({ body }) => (JSON.parse(body) as { id: string }).id)).size, 1);
      const [row] = await rowsOf('select attempts, sent_at is not null as sent, last_error from list_messages');
      assert.deepEqual(row, { attempts: 3, sent: true, last_error: null });
    });

    it('while one of them hangs: runs end, other hooks get their messages, and this message is retried', async () => {
      const hanging = http.createServer(() => undefined);
      await new Promise<void>((resolve) => hanging.listen(0, '127.0.0.1', resolve));
      const { port } = hanging.address() as AddressInfo;
      const hooks = [{ ...hook, name: 'deaf', url: `http://127.0.0.1:${port}/` }, hook];
      // Twice as many as are sent at once, and before the one to the hook that receives.
      for (let job = 0; job < 2 * AT_ONCE; job++) await dueJob(`deaf-${job}`, 0, { ...SETTINGS, notify: ['deaf'] });
      await dueJob('late', 0, { ...SETTINGS, notify: ['billing'] });
      await send();
      received = [];
      const worker = createListWorker({
        ...deps({ hooks }),
        ...{ log, host: 'here', spool: path.join(folder, 'spool'), runs: 4, meter, interval: 50 },
        chores: messengers(hooks),
      });
      try {
        const succeeded = async (): Promise<number> => {
          const text = `select count(*)::integer as done from list_runs where state = 'succeeded' and job <> 'a'`;
          return Number((await rowsOf(text))[0]?.['done']);
        };
        await until('all runs', async () => (await succeeded()) === 2 * AT_ONCE + 1, 60_000);
        await until('the other hook has its message', () => received.length === 1, 60_000);
        const [{ tried } = {}] = await rowsOf(
          `select count(*)::integer as tried from list_messages where hook = 'deaf' and attempts > 0`,
        );
        assert.ok(Number(tried) <= AT_ONCE, `it did not wait for those before it, of which ${tried} were sent`);
        await worker.stop(0, AbortSignal.abort());
        // The messages that were under way are due again in a minute; the others are due now.
        await Promise.all(messengers(hooks, 100).map((work) => work(never)));
        const failed = await rowsOf(`
          select distinct attempts, last_error, sent_at, not_before - now() > interval '30 seconds' as later
          from list_messages where last_error is not null and attempts = 1`);
        const last_error = 'the receiver did not respond within 0.1 s';
        assert.deepEqual(failed, [{ attempts: 1, last_error, sent_at: null, later: true }]);
      } finally {
        hanging.closeAllConnections();
        hanging.close();
        await worker.stop(0, AbortSignal.abort());
      }
    });

    it('and gives up after six attempts', async () => {
      responses = Array.from({ length: 10 }, () => 503);
      for (let round = 0; round < 8; round++) {
        await send();
        await hurry();
      }
      assert.equal(received.length, 6);
      const [row] = await rowsOf('select attempts, not_before, last_error from list_messages');
      assert.deepEqual(row, { attempts: 6, not_before: null, last_error: 'the receiver returned 503' });
    });
  });
});
