import assert from 'node:assert/strict';
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import path from 'node:path';
import { createTestDatabase, dropTestDatabase } from '../support/database.js';
import { cleanUp, ROOT, temporaryFolder } from '../support/process.js';
import { until } from '../support/until.js';

/** /dev/full fails each write as a full disk does. */
describe('a log that cannot be written does not end the service, and does not keep it from ending', () => {
  let databaseUrl: string;
  let child: ChildProcess;
  before(async () => {
    databaseUrl = await createTestDatabase();
  });
  afterEach(() => child.kill('SIGKILL'));
  after(async () => {
    await cleanUp();
    await dropTestDatabase(databaseUrl);
  });

  function start(stderr: number | 'pipe', args: readonly string[] = [], env: Record<string, string> = {}): void {
    child = spawn(process.execPath, [path.join(ROOT, 'dist/main.js'), '--port', '0', ...args], {
      env: { PATH: process.env['PATH'], OS_PLACEMENT_DATABASE__CONNECTION: databaseUrl, ...env },
      stdio: ['ignore', 'pipe', stderr],
    });
  }

  function listening(): Promise<string> {
    let output = '';
    child.stdout!.on('data', (bytes: Buffer) => (output += bytes.toString()));
    return until('it listens', () => /listens on (\S+)\n/.exec(output)?.[1] ?? false, 20_000);
  }

  /** Each writes a line of the log. */
  async function serves(): Promise<void> {
    const url = await listening();
    child.stdout!.destroy();
    for (let i = 0; i < 30; i++) assert.equal((await fetch(url)).status, 200);
  }

  async function ends(): Promise<void> {
    // Not 'exit': what it has written to standard error may come after that.
    const ended = once(child, 'close');
    child.kill('SIGTERM');
    assert.deepEqual(await ended, [0, null]);
  }

  it('whose disk is full: standard error says so once', async () => {
    start('pipe', ['--log-file', '/dev/full']);
    let errors = '';
    child.stderr!.on('data', (bytes: Buffer) => (errors += bytes.toString()));
    await serves();
    await ends();
    assert.equal(errors, 'The log /dev/full cannot be written: ENOSPC: no space left on device, write\n');
  });

  it('which is standard error on a full disk', async () => {
    const full = fs.openSync('/dev/full', 'w');
    start(full);
    fs.closeSync(full);
    await serves();
    await ends();
  });

  it('whose reader has gone', async () => {
    start('pipe');
    child.stderr!.destroy();
    await serves();
    await ends();
  });

  it('whose reader has gone, with workers that write for a person to read', async () => {
    start('pipe', ['--workers', '2'], { STOCKROOM_LOG_FORMAT: 'pretty' });
    child.stderr!.destroy();
    await serves();
    await ends();
  });

  it('whose folder is a file from now on, while the file is watched', async () => {
    const folder = path.join(await temporaryFolder(), 'log');
    fs.mkdirSync(folder);
    start('pipe', ['--log-file', path.join(folder, 'stockroom.log')], { OS_DEFAULT__WATCH_LOG_FILE: 'true' });
    let errors = '';
    child.stderr!.on('data', (bytes: Buffer) => (errors += bytes.toString()));
    const url = once(child.stdout!, 'data');
    await url;
    fs.rmSync(folder, { recursive: true });
    fs.writeFileSync(folder, '');
    await until('the watch has looked', () => errors.includes('ENOTDIR'));
    // Another look, after which the service is there.
    fs.rmSync(folder);
    fs.mkdirSync(folder);
    await until('the file is there again', () => fs.existsSync(path.join(folder, 'stockroom.log')));
    await ends();
  });

  it('that cannot be opened again', async () => {
    const folder = await temporaryFolder();
    const file = path.join(folder, 'stockroom.log');
    start('pipe', ['--log-file', file]);
    const errors: string[] = [];
    child.stderr!.on('data', (bytes: Buffer) => errors.push(bytes.toString()));
    await listening();
    const handle = fs.openSync(file, 'r');
    fs.rmSync(folder, { recursive: true });
    child.kill('SIGHUP');
    const log = (): string => fs.readFileSync(`/proc/self/fd/${handle}`, 'utf8');
    await until('the reload', () => /read again and is in force"/.test(log()));
    await ends();

    assert.match(errors.join(''), /^The log \S+ cannot be written: ENOENT/);
    fs.closeSync(handle);
  });
});
