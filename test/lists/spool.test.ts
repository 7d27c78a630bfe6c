import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { readdir, rm } from 'node:fs/promises';
import path from 'node:path';
import { DestinationError, type SpooledList } from '../../src/lists/model.js';
import { removeSpool } from '../../src/lists/spool/spool.js';
import { connect, createTestDatabase, dropTestDatabase, sql } from '../support/database.js';
import { csvTable, duckdb, parquetTable } from '../support/duckdb.js';
import { listOf } from '../support/lists.js';
import { sessionsWaiting } from '../support/outside-locks.js';
import { cleanUp, temporaryFolder } from '../support/process.js';
import { until } from '../support/until.js';

const READERS =
  "select state, query from pg_stat_activity where query ~ 'cursor|from list|inventories' and pid <> pg_backend_pid() and datname = current_database() and application_name = 'stockroom'";

async function rejection(work: Promise<unknown>): Promise<DestinationError> {
  try {
    await work;
  } catch (error) {
    if (error instanceof DestinationError) return error;
    throw error;
  }
  throw new Error('it succeeded');
}

describe('the spool of inventory lists', function () {
  let url: string;
  let spoolDir: string;
  before(async () => {
    url = await createTestDatabase();
    // 12,000 rows with names that do not compress to nothing.
    await sql(
      url,
      `insert into resource_providers (id, uuid, name, root_provider_id)
       select n, gen_random_uuid(), md5(n::text) || md5((n + 1)::text) || md5((n + 2)::text), n from generate_series(1, 4000) n`,
    );
    await sql(
      url,
      `insert into inventories (resource_provider_id, resource_class_id, total, reserved, min_unit, max_unit, step_size, allocation_ratio)
       select n, class, 100, 0, 1, 100, 1, 1 from generate_series(1, 4000) n, generate_series(0, 2) class`,
    );
  });
  beforeEach(async () => {
    spoolDir = await temporaryFolder();
  });
  after(async () => {
    await dropTestDatabase(url);
    await cleanUp();
  });

  it('has parts that end at a number of rows, none of them empty, in one order over all of them', async () => {
    for (const [format, rows] of [
      ['csv', 4000],
      ['csv', 3500],
      ['parquet', 4000],
      ['parquet', 12_000],
    ] as const) {
      const list = await listOf(
        url,
        { format, fields: ['ProviderUuid'] },
        { spoolDir, limits: { part: { rows, bytes: 1e9 } } },
      );
      const whole = Math.floor(12_000 / rows);
      const last = 12_000 - whole * rows;
      assert.deepEqual(
        list.parts.map((part) => part.rows),
        [...Array<number>(whole).fill(rows), ...(last === 0 ? [] : [last])],
      );
      assert.deepEqual([list.rows, list.trees.count], [12_000, 4000]);
      const [uuid] = await readdir(spoolDir);
      const ending = format === 'csv' ? 'csv.gz' : 'parquet';
      assert.deepEqual(
        list.parts.map(({ name }) => name),
        list.parts.map((_, index) => `${uuid}${index === 0 ? '' : `-${index}`}.${ending}`),
      );
      await assertReadInOrder(list, format);
      await removeSpool(spoolDir, uuid!);
    }
  });

  it('has parts that end at a number of bytes', async () => {
    for (const [format, bytes] of [
      ['csv', 200_000],
      ['parquet', 600_000],
    ] as const) {
      const list = await listOf(
        url,
        { format, fields: ['ProviderUuid', 'ProviderName'] },
        { spoolDir, limits: { part: { rows: 1e6, bytes } } },
      );
      // A group of 50,000 rows of Parquet is written at once, so a small list is one part there.
      if (format === 'csv') assert.ok(list.parts.length > 1);
      for (const part of list.parts) if (format === 'csv') assert.ok(part.size <= 2 * bytes, `${part.size}`);
      await assertReadInOrder(list, format);
    }
  });

  it('has digests and sizes of its parts', async () => {
    const list = await listOf(url, {}, { spoolDir });
    for (const { path: file, size, md5, sha256 } of list.parts) {
      const printed = execFileSync('sh', ['-c', 'md5sum < "$0"; sha256sum < "$0"; wc -c < "$0"', file], {
        encoding: 'utf8',
      });
      assert.deepEqual(printed.split(/[\s-]+/).filter(Boolean), [md5, sha256, String(size)]);
    }
  });

  it('has let go of the snapshot and of its connection when it is complete', async () => {
    await listOf(url, {}, { spoolDir });
    // The server's process ends a moment after it has closed the connection.
    await until('the session has ended', async () => (await sql(url, READERS)).length === 0);
  });

  it('tells its progress, with the rows to be expected', async () => {
    const seen: (readonly [number, number])[] = [];
    await listOf(url, {}, { spoolDir, onProgress: (rows, expected) => seen.push([rows, expected]) });
    const batches = Array.from({ length: 13 }, (_, index) => [1000 * index, 12_000]);
    assert.deepEqual(seen, batches);
  });

  it('stops at a signal while the database lets it wait, in the database, too, and leaves nothing', async () => {
    await whileLocked(async () => {
      const controller = new AbortController();
      const list = listOf(url, {}, { spoolDir, signal: controller.signal });
      const failed = assert.rejects(list, /somebody cancelled/);
      await until('it waits', async () => (await sessionsWaiting(url)) > 0);
      controller.abort(new Error('somebody cancelled'));
      await failed;
      await until('the server has stopped', async () => (await sql(url, READERS)).length === 0);
    });
    assert.deepEqual(await readdir(spoolDir), []);
  });

  it('stops at a signal that comes before its thread has started', async () => {
    await whileLocked(async () => {
      const controller = new AbortController();
      const list = listOf(url, {}, { spoolDir, signal: controller.signal });
      // The folder is being made now.
      controller.abort(new Error('cancelled at once'));
      await assert.rejects(list, /cancelled at once/);
    });
    assert.deepEqual(await readdir(spoolDir), []);
  });

  it('is not begun when the signal has come before', async () => {
    await assert.rejects(listOf(url, {}, { spoolDir, signal: AbortSignal.abort(new Error('before')) }), /before/);
    assert.deepEqual(await readdir(spoolDir), []);
  });

  it('gives up reading after its time, as TooSlow: it would hold back vacuum', async () => {
    await whileLocked(async () => {
      const { code, retry } = await rejection(listOf(url, {}, { spoolDir, limits: { time: 1500 } }));
      assert.deepEqual([code, retry], ['TooSlow', 'soon']);
      await until('the server has stopped', async () => (await sql(url, READERS)).length === 0);
    });
    assert.deepEqual(await readdir(spoolDir), []);
  });

  it('passes the error of a database that is away on, with its code', async () => {
    const away = new URL(url);
    away.port = '1';
    await assert.rejects(listOf(away.href, {}, { spoolDir }), { code: 'ECONNREFUSED' });
    assert.deepEqual(await readdir(spoolDir), []);
  });

  it('says SpoolUnusable, not that the database is away, when its folder is removed meanwhile', async () => {
    let list: Promise<DestinationError> | undefined;
    await whileLocked(async () => {
      list = rejection(listOf(url, {}, { spoolDir }));
      await until('it waits', async () => (await sessionsWaiting(url)) > 0);
      for (const name of await readdir(spoolDir)) await rm(path.join(spoolDir, name), { recursive: true });
    });
    const { code, message, retry } = await list!;
    assert.deepEqual([code, retry], ['SpoolUnusable', 'soon']);
    assert.match(message, /was removed while it was written\.$/);
  });

  it('does not start on a disk with less room than 200 bytes a row, and says NoSpace when it is full in the middle', async function () {
    const disk = smallDisk(spoolDir, '2m');
    if (disk === null) return this.skip();
    try {
      const before = await rejection(listOf(url, {}, { spoolDir: disk }));
      assert.deepEqual([before.code, before.retry], ['NoSpace', 'soon']);
      assert.match(before.message, /a list of 12000 rows may need 2400000/);
      execFileSync('mount', ['-o', 'remount,size=2500k', disk]);
      // Room enough when it begins, and something else fills the disk.
      const fill = (): void => {
        if (!existsSync(path.join(disk, 'ballast')))
          spawnSync('dd', ['if=/dev/zero', `of=${path.join(disk, 'ballast')}`]);
      };
      const { code, message } = await rejection(
        listOf(url, { format: 'parquet' }, { spoolDir: disk, onProgress: fill }),
      );
      assert.equal(code, 'NoSpace');
      assert.match(message, /ENOSPC/);
      assert.deepEqual(await readdir(disk), ['ballast']);
    } finally {
      execFileSync('umount', ['--lazy', disk]);
    }
  });

  async function whileLocked(work: () => Promise<void>): Promise<void> {
    const holder = await connect(url);
    try {
      await holder.query('begin; lock table inventories in access exclusive mode');
      await work();
    } finally {
      await holder.end();
    }
  }
});

async function assertReadInOrder(list: SpooledList, format: 'csv' | 'parquet'): Promise<void> {
  const files = list.parts.map((part) => part.path);
  const table = format === 'csv' ? csvTable(files, list.schema) : parquetTable(files);
  const [row] = await duckdb(
    `select count(*)::integer as n, count(distinct Key)::integer as keys,
       (array_agg(Key) = array_agg(Key order by Key)) as sorted from (from ${table})`,
  );
  assert.deepEqual(row, { n: 12_000, keys: 12_000, sorted: true });
}

function smallDisk(parent: string, size: string): string | null {
  const disk = path.join(parent, 'disk');
  try {
    execFileSync('mkdir', [disk]);
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${size}`, 'tmpfs', disk], { stdio: 'pipe' });
    return disk;
  } catch {
    return null;
  }
}
