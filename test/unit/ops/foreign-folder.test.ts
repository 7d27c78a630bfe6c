import assert from 'node:assert/strict';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { openAuditDestination } from '../../../src/audit-log/destination.js';
import { checkFileOfRoot, foreignOnTheWay, makeFileOfRoot } from '../../../src/ops/foreign-folder.js';
import { createLogDestination } from '../../../src/ops/log-destination.js';
import { pino } from 'pino';

const OTHER_ACCOUNT = 65_534;

/** What another account may try where root writes by name: logs, audit logs, spools, lists. */
describe('root, where another account can change the way to a folder,', () => {
  let parent: string;
  let folder: string;
  let victim: string;
  before(function () {
    if (process.geteuid?.() !== 0) this.skip();
  });
  beforeEach(() => {
    parent = fs.mkdtempSync(path.join(os.tmpdir(), 'foreign-'));
    folder = path.join(parent, 'above', 'logs');
    victim = path.join(parent, 'victim');
    fs.mkdirSync(folder, { recursive: true });
    fs.writeFileSync(victim, "root's own\n");
  });
  afterEach(() => {
    assert.equal(fs.readFileSync(victim, 'utf8'), "root's own\n");
    fs.rmSync(parent, { recursive: true });
  });

  const above = (): string => path.join(parent, 'above');
  const theirs = (name: string): void => {
    fs.lchownSync(name, OTHER_ACCOUNT, OTHER_ACCOUNT);
  };

  it('finds the folder or link that the account can change', () => {
    assert.equal(foreignOnTheWay(folder), null);
    assert.equal(foreignOnTheWay(path.join(folder, 'not', 'yet')), null);
    fs.symlinkSync(above(), path.join(parent, 'link'));
    theirs(above());
    assert.equal(foreignOnTheWay(folder), above());
    assert.equal(foreignOnTheWay(path.join(parent, 'link', 'logs')), above());
    fs.chownSync(above(), 0, 0);
    fs.chmodSync(above(), 0o777);
    assert.equal(foreignOnTheWay(folder), above());
    // As /tmp: an entry belongs to its owner.
    fs.chmodSync(above(), 0o1777);
    assert.equal(foreignOnTheWay(folder), null);
    fs.symlinkSync(folder, path.join(above(), 'planted'));
    theirs(path.join(above(), 'planted'));
    assert.equal(foreignOnTheWay(path.join(above(), 'planted')), path.join(above(), 'planted'));
  });

  it('does not open a log there, and says what to do', () => {
    theirs(above());
    const dest = path.join(folder, 'stockroom.log');
    assert.throws(
      () => createLogDestination({ dest, sync: true }),
      new RegExp(`can change ${above()} on the way there.*chown root ${above()};`),
    );
    assert.throws(() => openAuditDestination(dest, pino({ level: 'silent' }), () => undefined), /on the way there/);
    assert.deepEqual(fs.readdirSync(folder), []);
  });

  it('does not open a log again when the account has come to change the way', () => {
    const dest = path.join(folder, 'stockroom.log');
    let trouble = '';
    const log = createLogDestination({ dest, sync: true }, { onTrouble: (error) => (trouble = error.message) });
    theirs(above());
    fs.renameSync(folder, path.join(above(), 'moved'));
    fs.mkdirSync(folder);
    fs.symlinkSync(victim, dest);
    log.reopen();
    log.write('a line\n');
    assert.match(trouble, /root does not write to/);
    assert.equal(fs.readFileSync(path.join(above(), 'moved', 'stockroom.log'), 'utf8'), 'a line\n');
    log.close();
  });

  it('does not write through a link in a folder that is open to all', () => {
    fs.chmodSync(folder, 0o1777);
    const dest = path.join(folder, 'stockroom.log');
    fs.symlinkSync(victim, dest);
    theirs(dest);
    assert.throws(() => createLogDestination({ dest, sync: true }), /no file of root's own/);
    fs.rmSync(dest);
    fs.linkSync(victim, dest);
    assert.throws(() => createLogDestination({ dest, sync: true }), /no file of root's own/);
    fs.rmSync(dest);
    assert.throws(() => {
      checkFileOfRoot(path.join(folder, 'no', 'such'));
    }, /ENOENT/);
    makeFileOfRoot(dest);
    const log = createLogDestination({ dest, sync: true });
    log.write('a line\n');
    log.close();
    assert.equal(fs.readFileSync(dest, 'utf8'), 'a line\n');
  });
});
