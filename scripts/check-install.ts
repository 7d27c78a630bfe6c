import { execFile, execFileSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { removeCgroups } from './check-install/cgroup.js';
import { makeDebian } from './check-install/debian.js';
import { startMachine, type Machine } from './check-install/machine.js';
import { expectHost, expectStillThere, Missing } from './check-install/missing.js';
import { startNetwork, type Network } from './check-install/network.js';
import { blocksOf, type Block } from './check-install/page.js';
import { openShell, type Shell } from './check-install/shell.js';
import { IN_COMMON, INSTALL, REPLACE } from './check-install/steps.js';

/**
 * Follows docs/how-to/install.md word by word in a new Debian 13: systemd, PostgreSQL and Node.js of Debian, and a Keystone of
 * Debian on a second machine. Then the other entry of the path: docs/how-to/replace-placement.md, with a Placement of Debian.
 *
 * `npm run test:install`, as root on a Debian with mmdebstrap, with the archive of Debian and the registry of npm at hand. On the
 * host it packs the package, makes a cgroup and writes to a temporary folder; all of it is gone at the end.
 *
 * `--where-possible`: where the host lacks what the check needs, or SIGTERM says that it has no time, the check says so in one line,
 * counts nothing and ends with 0. .ci/run asks for that. A command of a page that fails, or hangs, is a failure in any case.
 */
const WHERE_POSSIBLE = process.argv.includes('--where-possible');
const ROOT = fileURLToPath(new URL('..', import.meta.url));
const PARTS = fileURLToPath(new URL('check-install', import.meta.url));

/** Commands that install nothing: the longest took 40 seconds on two cores for which 16 threads waited. What takes longer hangs. */
const MINUTES = 5;
/** Installing Debian's packages took 10 minutes on two cores for which 24 threads waited. */
const LONG_MINUTES = 25;

const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'stockroom-install-'));
const running: { stop(): Promise<void>; processorSeconds?(): number }[] = [];
let [passed, failed] = [0, 0];
let isEnding = false;
let current = '(the start)';
const packing = new AbortController();

for (const signal of ['SIGHUP', 'SIGINT', 'SIGTERM'] as const) {
  // timeout sends its signal to the group, and npm passes it on: it comes twice.
  process.on(signal, () => {
    void end(new Missing(`time: ${signal} came during "${current}"`));
  });
}

process.stdout.on('error', () => {
  void end(new Missing('a reader of what it prints'));
});

try {
  await followPages();
} catch (error) {
  await end(error as Error);
}
await end();

async function followPages(): Promise<void> {
  const install = blocksOf(readPage('install.md'), INSTALL);
  const replace = blocksOf(readPage('replace-placement.md'), REPLACE);
  await expectHost(folder);
  const network = await prepared('a network of its own', startNetwork(folder));
  running.push(network);
  const packed = pack();
  // It may fail before it is waited for; so may Keystone.
  packed.catch(() => undefined);
  const debian = makeDebian(folder);
  running.unshift(debian);
  const archive = await step('(the files of a Debian)', () => prepared('a Debian', debian.made));
  const keystone = startKeystone(archive, network);
  keystone.catch(() => undefined);
  const machine = await step('(a machine)', () => startDebian(archive, network));
  const given = await step('(the package, packed and copied)', async () => handOver(machine, await packed));
  const env = { ...given, ...proxySettings(network) };
  const open = () => openShell(machine, env);
  const followAll = (shell: Shell, blocks: readonly Block[]) => followBlocks({ machine, env, shell }, blocks);

  console.log('A new cloud');
  const shell = await open();
  const inCommon = install.slice(0, IN_COMMON.length);
  await followAll(shell, inCommon);
  await step('(the rest of the wait for Keystone)', () => keystone);
  await followAll(shell, install.slice(IN_COMMON.length));
  await shell.close();

  console.log('An existing Placement');
  const another = await open();
  await step('(a Placement of Debian)', () =>
    prepared('a Placement of Debian', follow(another, readPart('placement.sh'))),
  );
  await followAll(another, [...inCommon, ...replace]);
  await another.close();
}

interface Place {
  readonly machine: Machine;
  readonly env: Readonly<Record<string, string>>;
  readonly shell: Shell;
}

/** @throws with the journal of the service as well, which is where the pages send their reader; Missing when the host is the cause */
async function followBlocks({ machine, env, shell }: Place, blocks: readonly Block[]): Promise<void> {
  for (const { heading, commands, isElsewhere, prints, installs = false } of blocks) {
    const name = `${heading}: ${commands.split('\n', 1).join('')}`;
    if (isElsewhere) {
      console.log(`skipped            ${name}`);
      continue;
    }
    try {
      await step(name, () => follow(shell, commands, prints, installs ? LONG_MINUTES : MINUTES));
    } catch (error) {
      await expectStillThere(machine, env);
      const [program = '', ...words] = machine.enter({});
      const journal = [...words, 'journalctl', '--unit', 'stockroom', '--lines', '30', '--no-pager'];
      throw new Error(`${(error as Error).message}\n${execFileSync(program, journal, { encoding: 'utf8' })}`, {
        cause: error,
      });
    }
  }
}

/** @throws with all that the commands print, when one fails or the output lacks something */
async function follow(
  shell: Shell,
  commands: string,
  prints: readonly string[] = [],
  minutes = LONG_MINUTES,
): Promise<void> {
  const { output, ok } = await shell.run(commands, minutes);
  const missing = prints.filter((text) => !output.includes(text)).map((text) => `It does not print: ${text}`);
  if (!ok || missing.length > 0) throw new Error([output, ...missing].join('\n'));
}

/** Counts a step and prints how long it took. The first that fails is the last: later ones need it. */
async function step<Result>(name: string, run: () => Promise<Result>): Promise<Result> {
  const start = performance.now();
  current = name;
  const tell = (result: string): void => {
    console.log(`${result} ${((performance.now() - start) / 1000).toFixed(1).padStart(7)} s  ${name}`);
  };
  try {
    const result = await run();
    tell('passed ');
    passed++;
    return result;
  } catch (error) {
    if (!(error instanceof Missing)) tell('FAILED ');
    throw error;
  }
}

/** What is there before a page is followed. @throws Missing when it cannot be made */
async function prepared<Result>(what: string, work: Promise<Result>): Promise<Result> {
  try {
    return await work;
  } catch (error) {
    throw new Missing(`${what}:\n${(error as Error).message}`, { cause: error });
  }
}

function startDebian(archive: string, network: Network): Promise<Machine> {
  const root = fs.mkdtempSync(path.join(folder, 'root-'));
  const machine = startMachine(root, archive, network);
  running.unshift(machine);
  return prepared('a Debian', machine.booted);
}

async function startKeystone(archive: string, network: Network): Promise<void> {
  const shell = await openShell(await startDebian(archive, network), proxySettings(network));
  await prepared('a Keystone of Debian', follow(shell, readPart('keystone.sh')));
  await shell.close();
}

/** @returns the file */
async function pack(): Promise<string> {
  const run = promisify(execFile);
  const options = { cwd: ROOT, signal: packing.signal };
  // What is built already is not built again, as `npm pack` alone would do.
  await run(process.execPath, ['scripts/build.js'], options);
  const { stdout } = await run('npm', ['pack', '--silent', '--ignore-scripts', '--pack-destination', folder], options);
  return path.join(folder, stdout.trim());
}

/**
 * Copies what the page says is there: the package of the clone, and the credentials of an administrator.
 *
 * @returns variables of npm: the registry of the host's npm and the certificates it trusts, and what saves time
 */
function handOver(machine: Machine, packed: string): Record<string, string> {
  const home = machine.file('/root');
  fs.copyFileSync(packed, path.join(home, path.basename(packed)));
  fs.copyFileSync(path.join(PARTS, 'admin-openrc'), path.join(home, 'admin-openrc'));
  const env: Record<string, string> = {
    npm_config_registry: npmSetting('registry'),
    // The second installation and the third need not ask whether what was fetched is still the newest.
    npm_config_prefer_offline: 'true',
    npm_config_audit: 'false',
  };
  const certificates = npmSetting('cafile');
  if (fs.existsSync(certificates)) {
    env['npm_config_cafile'] = '/run/certificates-of-the-host.pem';
    fs.copyFileSync(certificates, machine.file(env['npm_config_cafile']));
  }
  return env;
}

function npmSetting(name: string): string {
  return execFileSync('npm', ['config', 'get', name], { encoding: 'utf8' }).trim();
}

function proxySettings({ proxy }: Network): Record<string, string> {
  const no_proxy = 'localhost,127.0.0.1,controller.example';
  return { http_proxy: proxy, https_proxy: proxy, no_proxy, DEBIAN_FRONTEND: 'noninteractive' };
}

function readPage(name: string): string {
  return fs.readFileSync(path.join(ROOT, 'docs/how-to', name), 'utf8');
}

function readPart(name: string): string {
  return fs.readFileSync(path.join(PARTS, name), 'utf8');
}

/** The first line and the last two, which is where programs say why. */
function inOneLine(text: string): string {
  const lines = text.trim().split('\n');
  return [...new Set([lines[0], ...lines.slice(-2)])].join(' ');
}

/**
 * Stops everything and ends this process. A signal makes the steps fail meanwhile: only the first call counts.
 *
 * @param trouble what kept the check from going on
 */
async function end(trouble?: Error): Promise<void> {
  if (isEnding) return;
  isEnding = true;
  if (trouble instanceof Missing && WHERE_POSSIBLE) {
    [passed, failed] = [0, 0];
    console.log(`== no test of the installation: this host lacks ${inOneLine(trouble.message)}`);
  } else if (trouble !== undefined) {
    console.log(trouble instanceof Missing ? `This host lacks ${trouble.message}` : trouble.message);
    failed++;
  }
  const seconds = running.reduce((sum, one) => sum + (one.processorSeconds?.() ?? 0), 0);
  if (seconds > 0) console.log(`The machines have used ${seconds.toFixed(0)} s of processor time.`);
  packing.abort();
  for (const clear of [...running.map((one) => () => one.stop()), removeCgroups]) {
    try {
      await clear();
    } catch (error) {
      console.log((error as Error).message);
      failed++;
    }
  }
  fs.rmSync(folder, { recursive: true, force: true });
  console.log(`${passed} passed, ${failed} failed`);
  process.exit(failed === 0 ? 0 : 1);
}
