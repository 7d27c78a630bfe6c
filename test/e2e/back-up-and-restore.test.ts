import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import { defaultConfig } from '../../src/config.js';
import { connectDatabase } from '../../src/db/database.js';
import { isConnectionLost } from '../../src/db/failures.js';
import { migrateDatabase, migrationNames } from '../../src/db/migrate.js';
import { dumpDatabase } from '../../src/dump/dump.js';
import { fillCloud, showCloud, type Cloud } from '../support/cloud.js';
import { connect, createEmptyDatabase, createTestDatabase, dropTestDatabase, sql } from '../support/database.js';
import { changesPage, changesSince, historyNow } from '../support/history.js';
import { checkLedger } from '../support/ledger.js';
import { startLoad } from '../support/load.js';
import { cleanUp, ROOT, runToEnd, startProcess, temporaryFolder } from '../support/process.js';
import { lockedBy, sessionsWaiting } from '../support/outside-locks.js';
import { codeOf, createProvider, startTestService, type Api } from '../support/service.js';
import { until } from '../support/until.js';

const CONNECTION = 'OS_PLACEMENT_DATABASE__CONNECTION';

/** docs/how-to/back-up-and-restore.md: the drill. */
describe('a dump of the embedded database', () => {
  const page = fs.readFileSync(path.join(ROOT, 'docs/how-to/back-up-and-restore.md'), 'utf8');
  /** The lines that a command of the page prints, without numbers and versions. */
  const shape = (output: string): string =>
    output.replaceAll(`${folder}/`, '').replace(/Schema \w+|\d[\d,.:TZ-]*( min \d+)?|\b(still|placement)\.gz/g, 'N');
  const ofPage = (command: string): string => {
    const [, indent = '', output = ''] =
      new RegExp(`^( *)\\$ stockroom ${command}\n((?:(?! *\`\`\`).*\n)*)`, 'm').exec(page) ?? [];
    return shape(output.replaceAll(`\n${indent}`, '\n').trimStart());
  };
  let folder: string;
  let file: string;
  const dump = (name: string, from: string) => runToEnd(['db', 'dump', path.join(folder, name), '--data-dir', from]);
  const restore = (name: string, to: string, ...more: string[]) =>
    runToEnd(['db', 'restore', path.join(folder, name), '--data-dir', to, ...more]);
  const served = async <T>(dataDir: string, use: (api: Api, url: string) => Promise<T>): Promise<T> => {
    // As showCloud needs it: `admin` may POST /reshaper.
    const env = { OS_OSLO_POLICY__ENFORCE_NEW_DEFAULTS: 'false' };
    const service = startProcess(['--port', '0', '--data-dir', dataDir], env);
    const { api, url } = await service.listening();
    const result = await use(api, url);
    service.signal('SIGTERM');
    assert.equal(await service.ended(), 0, service.errors());
    return result;
  };
  let [first, second] = ['', ''];
  let cloud: Cloud;
  let shown: Map<string, unknown>;
  let cursor: string;
  let recorded: number;

  before(async () => {
    folder = await temporaryFolder();
    [first, second] = [await temporaryFolder(), await temporaryFolder()];
    file = path.join(folder, 'still.gz');
  });
  after(cleanUp);

  it('is made while claims go on, and is of one moment', async () => {
    await served(first, async (api, url) => {
      cloud = await fillCloud(api);
      const load = await startLoad(api, url, 3);
      await load.more(60);
      const hosts = await usedVcpus(api);
      const { code, output, errors } = await dump('busy.gz', first);
      const later = await usedVcpus(api);
      await load.stop();
      assert.deepEqual([code, errors, load.wrong, load.failures], [0, '', [], []]);
      assert.equal(shape(output.replace('busy', 'still')), ofPage('db dump placement.gz'));
      assert.equal(fs.statSync(path.join(folder, 'busy.gz')).mode & 0o077, 0);
      // The same again at rest, to compare every response.
      shown = await showCloud(api, cloud);
      cursor = await historyNow(api);
      recorded = (await changesPage(api, 'order=newest&limit=1000')).changes.length;
      assert.equal((await dump('still.gz', first)).code, 0);
      const restored = await restore('busy.gz', second);
      assert.deepEqual([restored.code, restored.errors], [0, '']);
      await served(second, async (copy) => {
        for (const [uuid, used] of await usedVcpus(copy)) {
          assert.ok(used >= (hosts.get(uuid) ?? 0) && used <= (later.get(uuid) ?? 0), `${uuid}: ${used}`);
        }
      });
    });
  });

  it('says that there is something, and replaces it when it is told to', async () => {
    const rejected = await restore('still.gz', second);
    assert.equal(rejected.code, 1);
    assert.match(rejected.errors, /The database is not empty: it has rows in .*resource_providers \(\d+\).*--replace/);
    const dry = await restore('still.gz', second, '--replace', '--dry-run');
    assert.deepEqual([dry.code, dry.errors], [0, '']);
    assert.equal(shape(dry.output), ofPage('db restore placement.gz --dry-run --replace'));
    const { code, output, errors } = await restore('still.gz', second, '--replace');
    assert.deepEqual([code, errors], [0, '']);
    assert.equal(shape(output), ofPage('db restore placement.gz --replace'));
  });

  let afterFirst: string;

  it('shows the same afterwards, has another history, and is written to', async () => {
    await served(second, async (api) => {
      assert.deepEqual(await showCloud(api, cloud), shown);
      const { body } = await api.get(`/stockroom/changes?since=${cursor}`).expect(410);
      assert.equal(codeOf(body), 'stockroom.changes.gone');
      const { changes } = await changesPage(api, 'order=newest&limit=1000');
      assert.equal(changes.length, recorded, 'changes from before are there');
      const { now } = (body as { errors: [{ now: string }] }).errors[0];
      const uuid = await createProvider(api, 'after');
      await api.get(`/resource_providers/${uuid}`).expect(200);
      assert.deepEqual(
        (await changesSince(api, now)).map(({ after }) => after?.['name']),
        ['after'],
      );
      afterFirst = await historyNow(api);
      const service = await restore('still.gz', second, '--replace');
      assert.equal(service.code, 1);
      assert.match(service.errors, /Stockroom uses this database \(sessions .*\)\. Stop the service first/);
    });
  });

  it('rejects cursors of another restoration of the same dump', async () => {
    assert.equal((await restore('still.gz', second, '--replace')).code, 0);
    await served(second, async (api) => {
      await createProvider(api, 'after');
      const fresh = await historyNow(api);
      assert.equal(fresh.split('.')[0], afterFirst.split('.')[0], 'both have the same number');
      await api.get(`/stockroom/changes?since=${afterFirst}`).expect(410);
    });
  });

  const DAMAGED: [name: string, damage: (whole: Buffer) => Buffer, says: RegExp][] = [
    [
      'a bit is flipped',
      (whole) => flipped(whole, whole.length / 2),
      /cannot be restored: it(s checksum is wrong| is no gzip file| is no dump| ends too early)/,
    ],
    ['it was cut off', (whole) => whole.subarray(0, whole.length - 100), /cannot be restored: it ends too early/],
    ['it was cut off and packed again', (whole) => gzipSync(lines(whole, 0, -40)), /it ends too early/],
    [
      'a number was changed by hand',
      (whole) => gzipSync(Buffer.from(text(whole).replace('\thost-1\t', '\thost-9\t'))),
      /its checksum is wrong/,
    ],
    ['something follows', (whole) => gzipSync(Buffer.concat([gunzipSync(whole), Buffer.from('x')])), /follows after/],
    ['it is something else', () => Buffer.from('-- PostgreSQL database dump\n'), /no gzip file/],
    ['it is something else in gzip', () => gzipSync('-- PostgreSQL database dump\n'), /no dump of Stockroom/],
    ['it is empty', () => Buffer.alloc(0), /ends too early/],
    [
      'it is of a newer Stockroom',
      (whole) => gzipSync(signed(text(whole).replace('],"history":', ',"20990101000001_later.js"],"history":'))),
      /has a newer schema than this Stockroom .*: it has 20990101000001_later\.js/,
    ],
    [
      'its form is newer',
      (whole) => gzipSync(signed(text(whole).replace('stockroom dump 1', 'stockroom dump 2'))),
      /has the form "stockroom dump 2"/,
    ],
    [
      'a key leads nowhere',
      (whole) => gzipSync(signed(text(whole).replace(/\n\d+\tHW_NUMA_ROOT\t.*\n/, '\n'))),
      /violates foreign key constraint/,
    ],
  ];
  it('changes nothing when the file is damaged', async () => {
    const whole = fs.readFileSync(file);
    const before = await dump('before.gz', second);
    assert.equal(before.code, 0);
    for (const [index, [name, damage, says]] of DAMAGED.entries()) {
      fs.writeFileSync(path.join(folder, `damaged-${index}.gz`), damage(whole));
      const { code, errors } = await restore(`damaged-${index}.gz`, second, '--replace');
      assert.equal(code, 1, name);
      assert.match(errors, says, `${name}: ${errors}`);
    }
    assert.equal((await dump('later.gz', second)).code, 0);
    const rows = (name: string) =>
      text(fs.readFileSync(path.join(folder, name)))
        .split('\n')
        .slice(1, -2);
    assert.deepEqual(rows('later.gz').sort(), rows('before.gz').sort());
  });

  it('never replaces a file, and leaves none behind that is not whole', async () => {
    const { code, errors } = await dump('still.gz', first);
    assert.deepEqual([code, /still\.gz exists/.test(errors)], [1, true]);
    const nowhere = await dump('nowhere/x.gz', first);
    assert.deepEqual([nowhere.code, /cannot be written: ENOENT/.test(nowhere.errors)], [1, true]);
    assert.deepEqual(
      fs.readdirSync(folder).filter((name) => name.endsWith('.part')),
      [],
    );
  });

  it('is what a service asks for that finds a data folder of another major version', async () => {
    fs.writeFileSync(path.join(first, 'postgresql/PG_VERSION'), '16\n');
    const { code, errors } = await runToEnd(['--port', '0', '--data-dir', first]);
    assert.equal(code, 1);
    assert.match(errors, /is of PostgreSQL 16, and this Stockroom has PostgreSQL \d+, which cannot open it/);
    assert.match(
      errors,
      /`stockroom db dump FILE --data-dir .*`\. Then move .* aside, and .*`stockroom db restore FILE/,
    );
    // As the page says.
    for (const name of ['postgresql', 'password'])
      fs.renameSync(path.join(first, name), path.join(first, `${name}-17`));
    assert.equal((await restore('still.gz', first)).code, 0);
    await served(first, async (api) => {
      assert.deepEqual(await showCloud(api, cloud), shown);
    });
  });
});

describe('a dump of a database of one’s own', () => {
  let folder: string;
  let file: string;
  const urls: string[] = [];
  const run = (url: string, ...args: string[]) => runToEnd(args, { [CONNECTION]: url });
  const database = async (made: Promise<string>): Promise<string> => {
    const url = await made;
    urls.push(url);
    return url;
  };
  before(async () => {
    folder = await temporaryFolder();
    file = path.join(folder, 'dump.gz');
  });
  after(async () => {
    await cleanUp();
    for (const url of urls) await dropTestDatabase(url);
    await sql(await database(createEmptyDatabase()), 'drop role if exists stockroom_plain');
  });

  it('is restored by an account that owns the database and is no superuser, without a history where there was none', async () => {
    const source = await database(createTestDatabase());
    await sql(source, 'select history_disable()');
    const service = await startTestService({ databaseUrl: source });
    const cloud = await fillCloud(service.api);
    const shown = await showCloud(service.api, cloud);
    await service.close();
    assert.equal((await run(source, 'db', 'dump', file)).code, 0);

    const target = await database(createEmptyDatabase());
    const name = new URL(target).pathname.slice(1);
    await sql(
      target,
      `create role stockroom_plain login password 'plain'; alter database ${name} owner to stockroom_plain`,
    );
    await sql(target, 'alter schema public owner to stockroom_plain');
    const plain = new URL(target);
    [plain.username, plain.password] = ['stockroom_plain', 'plain'];
    const restored = await run(plain.toString(), 'db', 'restore', file);
    assert.deepEqual([restored.code, restored.errors], [0, '']);
    await checkLedger(target);
    const copy = await startTestService({ databaseUrl: plain.toString() });
    assert.deepEqual(await showCloud(copy.api, cloud), shown);
    await copy.api.get('/stockroom/changes').expect(404);
    await copy.close();
  });

  it('of an older schema gets that first and is brought up to date', async () => {
    const old = await database(createEmptyDatabase());
    await migrateDatabase(defaultConfig(), old, migrationNames().slice(0, -1));
    await sql(old, `insert into resource_providers (uuid, name, root_provider_id) values ('u', 'old', 1)`);
    const older = path.join(folder, 'older.gz');
    assert.equal((await run(old, 'db', 'dump', older)).code, 0);

    const rejected = await run(await database(createTestDatabase()), 'db', 'restore', older);
    assert.equal(rejected.code, 1);
    assert.match(rejected.errors, /has an older schema than this database: the dump lacks \S+\. /);
    const target = await database(createEmptyDatabase());
    assert.equal((await run(target, 'db', 'restore', older)).code, 0);
    assert.equal((await run(target, 'db', 'version')).output, `${migrationNames().at(-1)?.slice(0, -3)}\n`);
    assert.deepEqual(await sql(target, 'select name from resource_providers'), [{ name: 'old' }]);
  });

  it('of a newer schema leaves a database with rows as it was', async () => {
    const old = await database(createEmptyDatabase());
    await migrateDatabase(defaultConfig(), old, migrationNames().slice(0, -1));
    await sql(old, `insert into projects (external_id) values ('mine')`);
    for (const more of [[], ['--dry-run']]) {
      const { code, errors } = await run(old, 'db', 'restore', file, '--replace', ...more);
      assert.equal(code, 1);
      assert.match(
        errors,
        /has an older schema than the dump: it lacks \S+\. .*`stockroom db sync`.* Nothing was written/,
      );
    }
    assert.equal((await run(old, 'db', 'version')).output, `${migrationNames().at(-2)?.slice(0, -3)}\n`);
    assert.deepEqual(await sql(old, 'select external_id from projects'), [{ external_id: 'mine' }]);
  });

  it('is restored although a migration fails afterwards, which the command says', async () => {
    const target = await database(createEmptyDatabase());
    await sql(
      target,
      `create function reject_migration() returns event_trigger language plpgsql as $$
       begin
         if current_setting('application_name') = 'stockroom migration' and to_regclass('resource_providers') is not null then
           if exists (select from resource_providers) then raise 'no migration today'; end if;
         end if;
       end $$`,
    );
    await sql(target, 'create event trigger reject_migration on ddl_command_start execute function reject_migration()');
    const { code, errors } = await run(target, 'db', 'restore', path.join(folder, 'older.gz'));
    assert.equal(code, 1);
    assert.match(
      errors,
      /The dump was restored, but its schema is not up to date: no migration today\. Run `stockroom db sync`/,
    );
    assert.deepEqual(await sql(target, 'select name from resource_providers'), [{ name: 'old' }]);
    await sql(target, 'drop event trigger reject_migration');
    assert.equal((await run(target, 'db', 'sync')).code, 0);
  });

  it('has the rows of a restore that commits while it begins', async () => {
    const source = await database(createTestDatabase());
    await sql(source, `insert into projects (external_id) values ('before')`);
    const beside = path.join(folder, 'beside.gz');
    const restoring = await connect(source);
    try {
      await restoring.query('begin; lock table projects in access exclusive mode; truncate projects cascade');
      await restoring.query(`insert into projects (external_id) values ('after')`);
      const dumping = startProcess(['db', 'dump', beside], { [CONNECTION]: source });
      await until('the dump waits', async () => (await sessionsWaiting(source)) === 1);
      await restoring.query('commit');
      assert.deepEqual([await dumping.ended(), dumping.errors()], [0, '']);
    } finally {
      await restoring.end();
    }
    assert.match(text(fs.readFileSync(beside)), /\{"table":"projects",.*\n\d+\tafter\b.*\n\\\.\n/);
  });

  it('has its name on the disk when the command says so', async () => {
    const source = await database(createTestDatabase());
    const client = await connectDatabase({ ...defaultConfig(), statementTimeout: 0 }, source);
    const named = path.join(folder, 'named.gz');
    const synced: { ino: number; isNamed: boolean }[] = [];
    const probe = await fs.promises.open(folder, 'r');
    const handles = Object.getPrototypeOf(probe) as fs.promises.FileHandle;
    await probe.close();
    // Nothing but a power failure shows the difference, so the test looks at what is synced, and when.
    const sync = Object.getOwnPropertyDescriptor(handles, 'sync')!;
    handles.sync = async function (this: fs.promises.FileHandle) {
      synced.push({ ino: (await this.stat()).ino, isNamed: fs.existsSync(named) });
      await (sync.value as () => Promise<void>).call(this);
    };
    try {
      await dumpDatabase(client, named, { version: '0', migrations: migrationNames() }, () => undefined);
    } finally {
      Object.defineProperty(handles, 'sync', sync);
      await client.end();
    }
    assert.deepEqual(synced.at(-1), { ino: fs.statSync(folder).ino, isNamed: true });
  });

  it('says that something locks the tables, and leaves no file', async () => {
    const source = await database(createTestDatabase());
    const holder = await lockedBy(source, 'lock table allocations in access exclusive mode');
    const locked = path.join(folder, 'locked.gz');
    try {
      const { code, errors } = await run(source, 'db', 'dump', locked);
      assert.equal(code, 1);
      assert.match(errors, /Another session locks the tables and did not finish within 5s: a restore or a migration/);
    } finally {
      await holder.release();
    }
    assert.deepEqual([fs.existsSync(locked), fs.existsSync(`${locked}.part`)], [false, false]);
  });

  it('says that the session ended in the middle, and closes the file once', async () => {
    const source = await database(createTestDatabase());
    const client = await connectDatabase({ ...defaultConfig(), statementTimeout: 0 }, source);
    const cut = path.join(folder, 'cut.gz');
    const end = `import pg from 'pg'; const client = new pg.Client(process.env.URL); await client.connect();
      await client.query("select pg_terminate_backend(pid) from pg_stat_activity where pid <> pg_backend_pid() and datname = current_database()");
      await client.end();`;
    let isEnded = false;
    await assert.rejects(
      dumpDatabase(client, cut, { version: '0', migrations: migrationNames() }, () => {
        if (isEnded) return;
        isEnded = true;
        // spawnSync blocks this process: the session ends before its next statement.
        const { status } = spawnSync(process.execPath, ['--input-type=module', '-e', end], {
          cwd: ROOT,
          env: { URL: source },
        });
        assert.equal(status, 0);
      }),
      isConnectionLost,
    );
    assert.ok(isEnded);
    assert.deepEqual([fs.existsSync(cut), fs.existsSync(`${cut}.part`)], [false, false]);
  });

  it('says that the file cannot be written', async () => {
    const source = await database(createTestDatabase());
    const large = path.join(folder, 'large.gz');
    // A file of at most 512 bytes.
    const limited = `ulimit -f 1; exec "$0" dist/main.js db dump "$1"`;
    const { status, stderr } = spawnSync('sh', ['-c', limited, process.execPath, large], {
      cwd: ROOT,
      env: { PATH: process.env['PATH'], [CONNECTION]: source },
      encoding: 'utf8',
    });
    assert.equal(status, 1);
    assert.match(stderr, /^The dump cannot be written: EFBIG: .*\.$/m);
    assert.deepEqual([fs.existsSync(large), fs.existsSync(`${large}.part`)], [false, false]);
  });

  it('fails when another session holds the tables for long, and writes no rows', async () => {
    const target = await database(createTestDatabase());
    const holder = await connect(target);
    await holder.query('begin; lock table allocations in access share mode');
    try {
      const { code, errors } = await run(target, 'db', 'restore', file);
      assert.equal(code, 1);
      assert.match(errors, /Something uses the database and did not finish within 5s.* The restore wrote no rows\./);
    } finally {
      await holder.end();
    }
    assert.deepEqual(await sql(target, 'select from resource_providers'), []);
  });
});

async function usedVcpus(api: Api): Promise<Map<string, number>> {
  const { body } = await api.get('/resource_providers').expect(200);
  const used = new Map<string, number>();
  for (const { uuid } of (body as { resource_providers: { uuid: string }[] }).resource_providers) {
    const { body: usages } = await api.get(`/resource_providers/${uuid}/usages`).expect(200);
    used.set(uuid, (usages as { usages: Record<string, number> }).usages['VCPU'] ?? 0);
  }
  return used;
}

function text(whole: Buffer): string {
  return gunzipSync(whole).toString('utf8');
}

function lines(whole: Buffer, from: number, to: number): Buffer {
  return gunzipSync(whole).subarray(from, to);
}

function flipped(whole: Buffer, at: number): Buffer {
  const copy = Buffer.from(whole);
  copy[Math.floor(at)]! ^= 4;
  return copy;
}

/** With the checksum of what it is now. */
function signed(dump: string): Buffer {
  const end = dump.lastIndexOf('\n', dump.length - 2) + 1;
  const trailer = JSON.parse(dump.slice(end)) as { sha256: string };
  trailer.sha256 = createHash('sha256').update(dump.slice(0, end)).digest('hex');
  return Buffer.from(`${dump.slice(0, end)}${JSON.stringify(trailer)}\n`);
}
