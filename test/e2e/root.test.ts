import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import path from 'node:path';
import { startEmbedded } from '../../src/db/embedded.js';
import { serverAccount } from '../../src/db/embedded/account.js';
import { EmbeddedError } from '../../src/db/embedded/error.js';
import { prepareFolder, writableOnTheWay } from '../../src/db/embedded/folder.js';
import type { Account } from '../../src/db/embedded/run.js';
import { stopServer } from '../../src/db/embedded/server.js';
import { clusterFolder, removeClusters } from '../support/cluster.js';
import { sql } from '../support/database.js';
import { cleanUp, startProcess } from '../support/process.js';

/** What the account `postgres` may try against a service that runs as root with the embedded database. */
describe('as root, the account of the embedded database', () => {
  let account: Account;
  let parent: string;
  let dataDir: string;
  let victim: string;

  let template: string;

  before(async function () {
    const found = serverAccount();
    if (found === null) {
      this.test!.title += ' (needs root)';
      this.skip();
    }
    account = found;
    template = path.join(await clusterFolder(), 'data');
    await startAndStop(template);
    for (const name of [template, path.join(template, 'password')]) fs.chownSync(name, account.uid, account.gid);
  });
  beforeEach(async () => {
    parent = await clusterFolder();
    dataDir = path.join(parent, 'data');
    victim = path.join(parent, 'victim');
    fs.writeFileSync(victim, "root's own\n", { mode: 0o644 });
  });
  afterEach(cleanUp);
  after(removeClusters);

  const asAccount = (script: string, ...args: string[]): string =>
    execFileSync('sh', ['-c', script, 'sh', ...args], {
      uid: account.uid,
      gid: account.gid,
      cwd: '/',
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    });
  const start = () => startEmbedded({ dataDir, settings: { fsync: 'off' } });
  async function startAndStop(folder = dataDir): Promise<void> {
    const database = await startEmbedded({ dataDir: folder, settings: { fsync: 'off' } });
    assert.equal((await sql(database.connectionString, 'select')).length, 1);
    await database.stop();
  }
  /** A data folder as earlier versions left it: the account's. */
  const oldFolder = (): void => {
    execFileSync('cp', ['-a', template, dataDir]);
  };
  const assertUntouched = (): void => {
    const { uid, mode } = fs.lstatSync(victim);
    assert.deepEqual([fs.readFileSync(victim, 'utf8'), uid, mode & 0o777], ["root's own\n", 0, 0o644]);
  };

  it('owns the cluster and nothing else in the data folder, and cannot put anything there', async () => {
    const database = await start();
    try {
      for (const name of ['.', ...fs.readdirSync(dataDir)]) {
        const { uid, mode } = fs.lstatSync(path.join(dataDir, name));
        assert.equal(uid, name === 'postgresql' ? account.uid : 0, name);
        assert.equal(mode & 0o022, 0, name);
      }
      assert.equal(fs.lstatSync(path.join(dataDir, 'password')).mode & 0o777, 0o600);
      for (const name of ['service.pid', 'postgresql.log', 'password']) {
        assert.throws(() => asAccount('ln -sf "$1" "$2"', victim, path.join(dataDir, name)), name);
      }
    } finally {
      await database.stop();
    }
  });

  for (const name of ['service.pid', 'postgresql.log', 'password.initdb', 'starting.pid']) {
    it(`cannot have root write through a link ${name} of an old data folder`, async () => {
      oldFolder();
      asAccount('ln -sf "$1" "$2"', victim, path.join(dataDir, name));
      await startAndStop().catch((error: unknown) => {
        assert.ok(error instanceof EmbeddedError);
      });
      assertUntouched();
    });
  }

  it('cannot have root write the password through a link, nor be given its target', async () => {
    oldFolder();
    asAccount('cd "$1" && mv postgresql away && ln -sf "$2" password', dataDir, victim);
    await startAndStop();
    assertUntouched();
    assert.ok(fs.lstatSync(path.join(dataDir, 'password')).isFile());
  });

  it('cannot have root read the password through a link', async () => {
    oldFolder();
    asAccount('ln -sf "$1" "$2"', victim, path.join(dataDir, 'password'));
    await assert.rejects(start(), /password is not a regular file/);
    assertUntouched();
  });

  it('cannot have root append to a hard link', async () => {
    oldFolder();
    // Most systems do not let the account make it (fs.protected_hardlinks).
    fs.rmSync(path.join(dataDir, 'postgresql.log'));
    fs.linkSync(victim, path.join(dataDir, 'postgresql.log'));
    await startAndStop();
    assertUntouched();
  });

  it('cannot have root remove files through a link in an unfinished cluster', async () => {
    oldFolder();
    const kept = path.join(parent, 'kept');
    fs.mkdirSync(kept);
    fs.writeFileSync(path.join(kept, 'file'), '');
    asAccount('cd "$1" && mv postgresql away && mkdir postgresql.new && ln -s "$2" postgresql.new/x', dataDir, kept);
    await startAndStop();
    assert.ok(fs.existsSync(path.join(kept, 'file')));
  });

  it('cannot keep root waiting with a pipe', async () => {
    oldFolder();
    asAccount('cd "$1" && rm -f service.pid postgresql.log && mkfifo service.pid postgresql.log', dataDir);
    await startAndStop();
    asAccount('mkfifo "$1"', path.join(dataDir, 'postgresql/postmaster.pid'));
    await assert.rejects(start(), /postmaster\.pid is not a regular file/);
  });

  it('leaves the database of a service that runs as another user alone, and says so', () => {
    oldFolder();
    const other = account.uid + 1000;
    for (const name of [dataDir, path.join(dataDir, 'postgresql')]) fs.chownSync(name, other, other);
    assert.throws(() => prepareFolder(dataDir, account), new RegExp(`belongs to the user with the number ${other}`));
    assert.equal(fs.statSync(dataDir).uid, other);
  });

  it("cannot have root signal a process that is not the account's", async () => {
    const sleeper = spawn('sleep', ['60'], { stdio: 'ignore' });
    await stopServer(sleeper.pid ?? 0, account);
    assert.equal(sleeper.exitCode ?? sleeper.signalCode, null);
    const ended = once(sleeper, 'exit');
    sleeper.kill();
    await ended;
  });

  it('must not use a data folder below a folder that it can change', () => {
    const folders = {
      'its own': () => {
        fs.chownSync(parent, account.uid, account.gid);
      },
      'writable by one of its groups': () => {
        fs.chownSync(parent, 0, account.groups.at(-1) ?? 0);
        fs.chmodSync(parent, 0o775);
      },
      'writable by all': () => {
        fs.chownSync(parent, 0, 0);
        fs.chmodSync(parent, 0o777);
      },
    };
    for (const [what, change] of Object.entries(folders)) {
      change();
      assert.equal(writableOnTheWay(dataDir, account), parent, what);
      assert.throws(() => prepareFolder(dataDir, account), /can change .*Choose another with --data-dir/, what);
    }
    // As /tmp: what is root's there stays.
    fs.chmodSync(parent, 0o1777);
    assert.equal(writableOnTheWay(dataDir, account), null);
    asAccount('mkdir "$1/its" && ln -s "$1/its" "$1/link"', parent);
    for (const name of ['its/data', 'link/data', 'link']) {
      assert.notEqual(writableOnTheWay(path.join(parent, name), account), null, name);
    }
  });

  it('does not find the environment of the service in that of the server', async () => {
    const run = startProcess(['--port', '0', '--data-dir', dataDir], {
      OS_KEYSTONE_AUTHTOKEN__PASSWORD: 'secret of keystone',
      OS_API__AUTH_STRATEGY: 'noauth2',
    });
    await run.listening();
    const pid = fs.readFileSync(path.join(dataDir, 'postgresql/postmaster.pid'), 'utf8').split('\n')[0] ?? '';
    const environment = fs.readFileSync(`/proc/${pid}/environ`, 'utf8').split('\0').filter(Boolean);
    assert.deepEqual(
      environment.map((one) => one.split('=')[0]),
      ['PATH', 'LC_ALL'],
    );
    run.signal('SIGTERM');
    assert.equal(await run.ended(), 0);
  });
});
