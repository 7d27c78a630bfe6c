import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { createCleaner } from '../../src/lists/clean/clean.js';
import { folderDestination } from '../../src/lists/destination/folder.js';
import { setJob } from '../../src/lists/job/rows.js';
import { defaultConfig } from '../../src/config.js';
import { openPool } from '../../src/db/database.js';
import type { Pool } from '../../src/db/pool.js';
import { createLog } from '../../src/ops/log.js';
import { removeClusters, startCluster, type Cluster } from '../support/cluster.js';
import { connect, sql } from '../support/database.js';
import { settingsWith } from '../support/lists.js';
import { cleanUp, startProcess, temporaryFolder, type RunningProcess } from '../support/process.js';
import { until } from '../support/until.js';

/** 8 jobs take 15 s; `npm run test:havoc` has 60 and one process more, which take 110 s, and prints what happened. */
const isThorough = process.env['STOCKROOM_TEST_HAVOC'] === 'all';
const JOBS = isThorough ? 60 : 8;
const WORKERS = isThorough ? 4 : 3;
/** Of a kill in each round, and of a stop. */
const CHANCE = isThorough ? 0.3 : 0.1;
const ROWS = 20_000;
/** Where Debian has it. One process has a clock that is an hour ahead, where it is installed. */
const FAKETIME = '/usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1';

/**
 * An attempt holds its run for so many seconds without a word; the 60 seconds of the contract, in a hurry. The second attempt has
 * twice as many, and so on, so a machine that needs longer for a step gets the time.
 */
const LEASE_S = 3;
/** The latest due time of the schedule: half a day ago, so that no due time comes during the test. */
const LATEST = new Date(Math.floor(Date.now() / 3_600_000 - 12) * 3_600_000);
/** How long the runs may take, in milliseconds; many times what they take on two cores. */
const DEADLINE_MS = 480_000;

describe('several processes with many inventory jobs, killed and stopped at random', function () {
  this.timeout(600_000);
  let cluster: Cluster;
  let pool: Pool;
  let folder: string;
  const log = createLog(process.env['TEST_LOG'] ?? 'silent');
  before(async () => {
    cluster = await startCluster();
    pool = openPool(defaultConfig(), cluster.url, log);
    folder = await temporaryFolder();
  });
  after(async () => {
    await cleanUp();
    await pool.close();
    await removeClusters();
  });

  const lists = (): string => path.join(folder, 'lists');
  const spool = (): string => path.join(folder, 'spool');
  const query = (text: string, values: unknown[] = []) => sql(cluster.url, text, values);
  const isAhead = (number: number): boolean => number === 0 && existsSync(FAKETIME);

  async function worker(number: number): Promise<RunningProcess> {
    const one = startProcess(['lists', 'work'], {
      OS_PLACEMENT_DATABASE__CONNECTION: cluster.url,
      OS_STOCKROOM__LISTS_DIR: lists(),
      OS_STOCKROOM__LISTS_SPOOL: spool(),
      OS_STOCKROOM__DATA_DIR: folder,
      ...(isAhead(number) ? { LD_PRELOAD: FAKETIME, FAKETIME: '+1h', FAKETIME_DONT_FAKE_MONOTONIC: '1' } : {}),
    });
    await one.printed(/Doing the runs/);
    return one;
  }

  /** Whether each manifest that is there names parts that are there. Returns how many there are. */
  function assertComplete(): number {
    const base = path.join(lists(), 'placement');
    let count = 0;
    for (const job of existsSync(base) ? readdirSync(base) : []) {
      for (const minute of readdirSync(path.join(base, job))) {
        const file = path.join(base, job, minute, 'manifest.json');
        if (!existsSync(file)) continue;
        count++;
        for (const { key } of (JSON.parse(readFileSync(file, 'utf8')) as { files: { key: string }[] }).files)
          assert.ok(existsSync(path.join(lists(), key)), `${file} names ${key}, which is missing`);
      }
    }
    return count;
  }

  it('give each due time one list, of which all parts are there, and leave nothing over', async () => {
    const startedAt = Date.now();
    const first = await worker(0);
    const others = Array.from({ length: WORKERS - 1 }, (_, index) => worker(index + 1));
    const workers = [first, ...(await Promise.all(others))];
    await query(
      `insert into resource_providers (id, uuid, name, root_provider_id)
       select n, gen_random_uuid()::text, 'host-' || n, n from generate_series(1, $1) n`,
      [ROWS],
    );
    await query(
      `insert into inventories (resource_provider_id, resource_class_id, total, reserved, min_unit, max_unit, step_size, allocation_ratio)
       select p.id, (select min(id) from resource_classes), 10, 0, 1, 10, 1, 1 from resource_providers p`,
    );
    const schedule = { frequency: 'daily', at: LATEST.toISOString().slice(11, 16) } as const;
    const settings = { ...settingsWith({ fields: ['Total', 'Used'] }), schedule };
    for (let job = 0; job < JOBS; job++) await setJob({ pool }, `job-${job}`, { ...settings, enabled: false });
    // Half of them are due as they have been each day of a week, half now.
    const enable = (half: number): Promise<unknown> =>
      query(
        `update list_jobs set enabled = true, settings = settings || '{"enabled": true}',
           next_due = $2::timestamptz - interval '1 day' * (6 * (random() > 0.5)::integer)
         where substr(id, 5)::integer % 2 = $1`,
        [half, LATEST],
      );
    const count = async (state: string): Promise<number> =>
      Number((await query('select count(*)::integer as runs from list_runs where state = $1', [state]))[0]?.['runs']);
    /** Enables half of the jobs, and does something while runs of theirs are in progress: none can read a list meanwhile. */
    async function whileRunning(half: number, harm: () => Promise<void>): Promise<void> {
      const holder = await connect(cluster.url);
      // A restart of the server ends its session.
      holder.on('error', () => undefined);
      await holder.query('begin; lock table inventories in access exclusive mode');
      await enable(half);
      await until('a run is in progress', async () => (await count('running')) > 0, 120_000);
      await harm();
      await holder.end();
    }
    /** Time passes faster than in a minute: a lease that is not renewed runs out, and a retry is due. */
    const hurry = async (): Promise<void> => {
      await query(
        `update list_runs set lease_until = now() - interval '1 second'
         where state = 'running' and lease_until < now() + make_interval(secs => greatest(0, 60 - $1 * attempt))`,
        [LEASE_S],
      );
      await query(`update list_runs set not_before = now() where state = 'queued' and not_before > now()`);
    };
    const seen = { kills: 0, stops: 0, restarts: 0 };
    const logs: string[] = [];
    async function kill(): Promise<void> {
      const number = Math.floor(Math.random() * WORKERS);
      const victim = workers[number]!;
      victim.signal('SIGKILL');
      await victim.ended();
      logs.push(victim.errors());
      seen.kills++;
      workers[number] = await worker(number);
    }
    /** Past its lease in half of the cases. */
    async function stop(): Promise<void> {
      const victim = workers[Math.floor(Math.random() * WORKERS)]!;
      victim.signal('SIGSTOP');
      for (const end = performance.now() + Math.random() * 2000 * LEASE_S; performance.now() < end;) {
        await sleep(300);
        await hurry();
        assertComplete();
      }
      victim.signal('SIGCONT');
      seen.stops++;
    }
    async function restart(): Promise<void> {
      await cluster.stop('fast');
      await sleep(1000);
      await cluster.start();
      seen.restarts++;
    }

    const end = performance.now() + DEADLINE_MS;
    // Each happens once at least while runs are in progress.
    await whileRunning(0, kill);
    await stop();
    await whileRunning(1, restart);
    for (let succeeded: number; (succeeded = await count('succeeded')) < JOBS;) {
      assert.ok(performance.now() < end, `${succeeded} of ${JOBS} runs have succeeded; ${JSON.stringify(seen)}`);
      await hurry();
      assertComplete();
      const what = Math.random();
      await (what < CHANCE ? kill() : what < 2 * CHANCE ? stop() : sleep(Math.random() * 1000));
    }

    const rows = await query(
      'select job, due_at, state, attempt, manifest, manifest_key, files, reason from list_runs',
    );
    assert.equal(rows.length, JOBS);
    assert.equal(new Set(rows.map(({ job }) => job)).size, JOBS);
    for (const { state, due_at: due, reason } of rows)
      assert.deepEqual([state, due, reason], ['succeeded', LATEST, 'schedule']);
    logs.push(...workers.map((one) => one.errors()));
    const succeeded = logs.join('').match(/lists run \d+ of job-\d+ succeeded/g) ?? [];
    assert.equal(new Set(succeeded).size, succeeded.length, 'no run has ended twice');

    assertExplained(logs.join(''));
    if (isAhead(0)) {
      // It has migrated the database, and says when.
      const time = Date.parse(/"time":"([^"]+)"/.exec(first.errors())?.[1] ?? '');
      assert.ok(time > startedAt + 50 * 60_000, 'the clock of the first process is ahead');
    }

    await until(
      'no spool is left',
      async () => {
        await hurry();
        return readdirSync(spool()).length === 0;
      },
      120_000,
    );
    for (const one of workers) one.signal('SIGTERM');
    for (const one of workers) assert.equal(await one.ended(), 0);

    // What the cleaner of this machine does an hour later.
    const cleaner = createCleaner({
      ...{ pool, log, host: os.hostname(), quiet: -1, onFailure: () => undefined },
      buckets: [{ type: 'folder', name: 'local', path: lists() }],
      destinationOf: () => folderDestination(lists()),
    });
    await query(`update list_locks set until = '-infinity'`);
    await cleaner(new AbortController().signal);
    assert.equal(assertComplete(), JOBS);
    const expected = new Map<string, string | null>();
    for (const { manifest, manifest_key: key, files } of rows as Record<string, unknown>[]) {
      expected.set(String(key), String(manifest));
      const md5 = createHash('md5').update(String(manifest)).digest('hex');
      expected.set(String(key).replace('.json', '.checksum'), md5);
      for (const file of files as { key: string }[]) expected.set(file.key, null);
    }
    const there = readdirSync(lists(), { recursive: true, withFileTypes: true })
      .filter((entry) => !entry.isDirectory())
      .map((entry) => path.relative(lists(), path.join(entry.parentPath, entry.name)));
    assert.deepEqual(there.sort(), [...expected.keys()].sort());
    for (const [key, bytes] of expected)
      if (bytes !== null) assert.equal(readFileSync(path.join(lists(), key), 'utf8'), bytes);
    const most = Math.max(...rows.map(({ attempt }) => Number(attempt)));
    if (isThorough)
      console.log(
        `      ${seen.kills} × SIGKILL, ${seen.stops} × SIGSTOP, 1 restart of the database, at most ${most} attempts; ` +
          (existsSync(FAKETIME) ? 'one clock an hour ahead' : 'libfaketime is not installed: the clocks are equal'),
      );
  });
});

/** Asserts that a log has no error but those that a restart of the database explains: it is away, or gives no connection. */
function assertExplained(log: string): void {
  // A process that was killed may have left half a line.
  const lines = log.split('\n').filter((line) => line.startsWith('{') && line.endsWith('}'));
  for (const line of lines) {
    const { level, trouble, code } = JSON.parse(line) as Record<string, string | undefined>;
    const isExplained = trouble === 'away' || trouble === 'connections';
    assert.ok((level !== 'error' && level !== 'fatal') || isExplained, line);
    assert.notEqual(code, 'InternalError', line);
  }
}
