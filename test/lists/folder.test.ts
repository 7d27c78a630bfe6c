import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { chmod, chown, mkdir, readdir, readFile, stat, symlink, truncate, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { Readable } from 'node:stream';
import { folderDestination, folderFile } from '../../src/lists/destination/folder.js';
import { DestinationError } from '../../src/lists/model.js';
import { prepareSpool } from '../../src/lists/spool/sweep.js';
import { createLog } from '../../src/ops/log.js';
import { objectOf } from '../support/outgoing-object.js';
import { cleanUp, temporaryFolder } from '../support/process.js';

const SIGNAL = new AbortController().signal;
const OTHER_ACCOUNT = 65_534;

async function rejected(work: Promise<unknown>): Promise<string> {
  try {
    await work;
  } catch (error) {
    if (error instanceof DestinationError) return `${error.code} ${error.retry}`;
    throw error;
  }
  return 'done';
}

describe('a folder as a bucket', () => {
  let root: string;
  beforeEach(async () => {
    root = path.join(await temporaryFolder(), 'lists');
  });
  after(cleanUp);

  it('takes objects, also over those that are there, returns and removes them', async () => {
    const folder = folderDestination(root);
    assert.equal(await folder.get('a/b/c.json', SIGNAL), null);
    await folder.put(objectOf('a/b/c.json', 'one'), null, SIGNAL);
    await folder.put(objectOf('a/b/c.json', 'two'), null, SIGNAL);
    assert.equal((await folder.get('a/b/c.json', SIGNAL))?.toString(), 'two');
    assert.equal(await folderFile(root, 'a/b/c.json'), path.join(root, 'a/b/c.json'));
    await folder.delete('a/b/c.json', SIGNAL);
    await folder.delete('a/b/c.json', SIGNAL);
    await folder.delete('never/was/there', SIGNAL);
    assert.equal(await folder.get('a/b/c.json', SIGNAL), null);
    // As in a store, there are no empty folders.
    assert.deepEqual(await readdir(root), []);
  });

  it('makes files 0640 and folders 0750, whatever is left of that by the umask', async () => {
    await folderDestination(root).put(objectOf('a/b/c.json', 'something'), null, SIGNAL);
    const modeOf = async (name: string): Promise<number> => (await stat(path.join(root, name))).mode & 0o777;
    const [none, owner] = [0, 0o700];
    assert.equal((await modeOf('a/b/c.json')) & ~0o640, none);
    assert.equal((await modeOf('a/b/c.json')) & owner, 0o600);
    for (const name of ['', 'a', 'a/b']) {
      assert.equal((await modeOf(name)) & ~0o750, none);
      assert.equal((await modeOf(name)) & owner, owner);
    }
  });

  it('has an object under its name only when it is complete', async () => {
    const folder = folderDestination(root);
    await folder.put(objectOf('a/c.json', 'old'), null, SIGNAL);
    async function* halves(): AsyncGenerator<Buffer> {
      yield Buffer.from('half');
      assert.equal(await readFile(path.join(root, 'a/c.json'), 'utf8'), 'old');
      assert.ok(existsSync(path.join(root, 'a/.c.json.tmp')));
      yield Buffer.from('and half');
      throw new Error('the spool is gone');
    }
    const broken = { ...objectOf('a/c.json', 'something'), open: () => Readable.from(halves()) };
    await assert.rejects(folder.put(broken, null, SIGNAL), /the spool is gone/);
    assert.equal(await readFile(path.join(root, 'a/c.json'), 'utf8'), 'old');
    assert.deepEqual(await readdir(path.join(root, 'a')), ['c.json']);
  });

  it('rejects bytes that are not those of the digest', async () => {
    const other = { ...objectOf('a/c.json', 'something'), open: () => Readable.from([Buffer.from('other')]) };
    assert.equal(await rejected(folderDestination(root).put(other, null, SIGNAL)), 'ChecksumMismatch soon');
    assert.deepEqual(await readdir(path.join(root, 'a')), []);
  });

  it('goes on where a killed process has left half of an object, and removes that with the object', async () => {
    const folder = folderDestination(root);
    await mkdir(path.join(root, 'a'), { recursive: true });
    const half = path.join(root, 'a/.c.json.tmp');
    await writeFile(half, 'half');
    await folder.put(objectOf('a/c.json', 'whole'), null, SIGNAL);
    assert.deepEqual(await readdir(path.join(root, 'a')), ['c.json']);
    await folder.delete('a/c.json', SIGNAL);
    await mkdir(path.join(root, 'a'));
    await writeFile(half, 'half');
    await folder.delete('a/c.json', SIGNAL);
    assert.deepEqual(await readdir(root), []);
  });

  it('stops when it is told to, and leaves nothing', async () => {
    const controller = new AbortController();
    function* slow(): Generator<Buffer> {
      yield Buffer.from('a');
      controller.abort(new Error('cancelled'));
      yield Buffer.from('b');
    }
    const endless = { ...objectOf('a/c.json', 'something'), open: () => Readable.from(slow()) };
    await assert.rejects(folderDestination(root).put(endless, null, controller.signal), /cancelled/);
    assert.deepEqual(await readdir(path.join(root, 'a')), []);
  });

  it('writes, reads and removes nothing outside of it, whatever a key says', async () => {
    const folder = folderDestination(root);
    const outside = path.join(path.dirname(root), 'outside');
    await mkdir(outside);
    await writeFile(path.join(outside, 'secret'), 'secret');
    await folder.put(objectOf('a/c.json', 'something'), null, SIGNAL);
    await symlink(outside, path.join(root, 'leads-out'));
    await symlink('..', path.join(root, 'a/up'));
    await symlink('../../outside', path.join(root, 'a/up-and-out'));
    await symlink(path.join(outside, 'secret'), path.join(root, 'a/linked.json'));
    const keys = [
      '../outside/x',
      'a/../../outside/x',
      '/etc/x',
      'a//x',
      '',
      'a/',
      './x',
      'a/./x',
      'a/\0/x',
      'a/x\0',
      '..',
      '.',
    ];
    for (const key of keys) {
      assert.equal(
        await rejected(folder.put(objectOf(key, 'something'), null, SIGNAL)),
        'InvalidKey late',
        JSON.stringify(key),
      );
      assert.equal(await rejected(folder.get(key, SIGNAL)), 'InvalidKey late', JSON.stringify(key));
      assert.equal(await rejected(folder.delete(key, SIGNAL)), 'InvalidKey late', JSON.stringify(key));
    }
    for (const key of ['leads-out/x', 'leads-out/secret', 'leads-out/new/x', 'a/up-and-out/x']) {
      assert.equal(await rejected(folder.put(objectOf(key, 'something'), null, SIGNAL)), 'OutsideFolder late', key);
      assert.equal(await rejected(folder.get(key, SIGNAL)), 'OutsideFolder late', key);
      assert.equal(await rejected(folder.delete(key, SIGNAL)), 'OutsideFolder late', key);
    }
    // A link that stays within is fine. One in the place of an object is replaced, not followed.
    await folder.put(objectOf('a/up/inside.json', 'something'), null, SIGNAL);
    assert.ok(existsSync(path.join(root, 'inside.json')));
    assert.equal(await rejected(folder.get('a/linked.json', SIGNAL)), 'OutsideFolder late');
    await folder.put(objectOf('a/linked.json', 'ours'), null, SIGNAL);
    assert.equal((await folder.get('a/linked.json', SIGNAL))?.toString(), 'ours');
    assert.deepEqual(await readdir(outside), ['secret']);
    assert.equal(await readFile(path.join(outside, 'secret'), 'utf8'), 'secret');
    // %2e%2e is a name as any other.
    await folder.put(objectOf('%2e%2e/x', 'something'), null, SIGNAL);
    assert.ok(existsSync(path.join(root, '%2e%2e/x')));
  });

  it('says what is wrong with the file system in the words of a store', async () => {
    const folder = folderDestination(root);
    await folder.put(objectOf('file', 'something'), null, SIGNAL);
    assert.equal(await rejected(folder.put(objectOf('file/x', 'something'), null, SIGNAL)), 'InvalidKey late');
    assert.equal(await rejected(folder.put(objectOf(`${'x'.repeat(300)}/x`, 'x'), null, SIGNAL)), 'InvalidKey late');
    const file = path.join(root, 'file');
    assert.equal(
      await rejected(folderDestination(file).put(objectOf('x', 'something'), null, SIGNAL)),
      'FolderUnusable soon',
    );
    assert.equal(
      await rejected(folder.put(objectOf('x', 'something'), { type: 'sse-s3' }, SIGNAL)),
      'NotImplemented late',
    );
  });

  it('reads files only: a pipe in the place of one is not waited for, and what is too large is not read', async () => {
    const folder = folderDestination(root);
    await folder.put(objectOf('file', 'something'), null, SIGNAL);
    execFileSync('mkfifo', [path.join(root, 'pipe')]);
    assert.equal(await rejected(folder.get('pipe', SIGNAL)), 'InvalidKey late');
    await writeFile(path.join(root, 'large'), '');
    await truncate(path.join(root, 'large'), 65 * 1024 * 1024);
    assert.equal(await rejected(folder.get('large', SIGNAL)), 'InvalidKey late');
  });

  it('lets root work only where no other account can put a link', async function () {
    if (process.geteuid?.() !== 0) this.skip();
    const folder = folderDestination(root);
    await folder.put(objectOf('theirs/one', 'something'), null, SIGNAL);
    await chown(path.join(root, 'theirs'), OTHER_ACCOUNT, OTHER_ACCOUNT);
    assert.equal(await rejected(folder.put(objectOf('theirs/two', 'x'), null, SIGNAL)), 'AccessDenied late');
    assert.equal(await rejected(folder.get('theirs/one', SIGNAL)), 'AccessDenied late');
    assert.equal(await rejected(folder.delete('theirs/one', SIGNAL)), 'AccessDenied late');
    await folder.put(objectOf('ours/one', 'something'), null, SIGNAL);
    await chmod(root, 0o777);
    assert.equal(await rejected(folder.put(objectOf('ours/two', 'x'), null, SIGNAL)), 'AccessDenied late');
    await chmod(root, 0o1777);
    await folder.put(objectOf('ours/two', 'x'), null, SIGNAL);
    assert.deepEqual(await readdir(path.join(root, 'theirs')), ['one']);
  });

  it('keeps root from spools, and from logs, in folders of other accounts', async function () {
    if (process.geteuid?.() !== 0) this.skip();
    await prepareSpool(root);
    await chown(root, OTHER_ACCOUNT, OTHER_ACCOUNT);
    assert.equal(await rejected(prepareSpool(root)), 'SpoolUnusable late');
    assert.throws(() => createLog('info', { logFile: path.join(root, 'stockroom.log') }), /chown root/);
    assert.deepEqual(await readdir(root), []);
    // What is below belongs to root, but that account can put a link in its place.
    const below = path.join(root, 'ours', 'lists');
    await mkdir(below, { recursive: true });
    assert.equal(await rejected(prepareSpool(below)), 'SpoolUnusable late');
    assert.equal(await rejected(folderDestination(below).put(objectOf('one', 'x'), null, SIGNAL)), 'AccessDenied late');
    assert.equal(await rejected(folderDestination(below).get('one', SIGNAL)), 'AccessDenied late');
    assert.deepEqual(await readdir(below), []);
  });
});
