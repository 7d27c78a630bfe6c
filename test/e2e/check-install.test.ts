import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import { cleanUp, ROOT, temporaryFolder } from '../support/process.js';
import { until } from '../support/until.js';

/** `.ci/run` follows the pages on installing where the host can, and says why where it cannot. */
describe('the check of the pages on installing', () => {
  after(cleanUp);

  const CHECK = ['node', '--import', 'tsx', 'scripts/check-install.ts'];
  const isRoot = process.getuid?.() === 0;

  it('counts nothing without root, and says so', async function () {
    if (!isRoot) this.skip();
    const env = await environment();
    const asOther = ['--reuid', '65534', '--regid', '65534', '--clear-groups', ...CHECK, '--where-possible'];
    const { status, stdout } = spawnSync('setpriv', asOther, { cwd: ROOT, env, encoding: 'utf8' });
    assert.equal(stdout, '== no test of the installation: this host lacks root\n0 passed, 0 failed\n');
    assert.equal(status, 0);
  });

  it('counts a failure without root when it is asked for by name', async function () {
    if (!isRoot) this.skip();
    const env = await environment();
    const asOther = ['--reuid', '65534', '--regid', '65534', '--clear-groups', ...CHECK];
    const { status, stdout } = spawnSync('setpriv', asOther, { cwd: ROOT, env, encoding: 'utf8' });
    assert.equal(stdout, 'This host lacks root\n0 passed, 1 failed\n');
    assert.equal(status, 1);
  });

  it('removes what it has made when SIGTERM comes twice', async function () {
    if (!isRoot) this.skip();
    const env = await environment();
    const child = spawn(process.execPath, [...CHECK.slice(1), '--where-possible'], {
      cwd: ROOT,
      env,
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    let output = '';
    child.stdout.on('data', (text: Buffer) => {
      output += text.toString();
    });
    const closed = once(child, 'close');
    const folders = () => fs.readdirSync(env.TMPDIR).filter((name) => name.startsWith('stockroom-install-'));
    await until('the check tries what the host can', () => {
      return folders().some((name) => fs.readdirSync(`${env.TMPDIR}/${name}`).length > 0);
    });
    child.kill('SIGTERM');
    child.kill('SIGTERM');
    assert.deepEqual(await closed, [0, null], output);
    assert.match(output, /^== no test of the installation: this host lacks .*\n0 passed, 0 failed\n$/);
    assert.deepEqual(folders(), []);
    // Empty where the second hierarchy of cgroups is not there.
    const [mounted = ''] = spawnSync('findmnt', ['-no', 'TARGET', '-t', 'cgroup2'], { encoding: 'utf8' }).stdout.split(
      '\n',
    );
    const groups = mounted === '' ? [] : fs.readdirSync(mounted);
    const prefix = `stockroom-install-${String(child.pid)}-`;
    assert.ok(!groups.some((name) => name.startsWith(prefix)));
  });

  /** A folder of its own for temporary files, in which every account may write. */
  async function environment() {
    const TMPDIR = await temporaryFolder();
    fs.chmodSync(TMPDIR, 0o777);
    return { PATH: process.env['PATH'], HOME: TMPDIR, TMPDIR };
  }
});
