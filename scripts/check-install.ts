import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
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
 * `--where-possible`: where the host lacks what the check needs, it says so in one line, counts nothing and ends with 0. A
 * command of a page that fails is a failure in any case.
 */
const WHERE_POSSIBLE = process.argv.includes('--where-possible');
const ROOT = fileURLToPath(new URL('..', import.meta.url));
const PARTS = fileURLToPath(new URL('check-install', import.meta.url));

const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'stockroom-install-'));
const running: { stop(): Promise<void> }[] = [];
let [passed, failed] = [0, 0];
let isEnding = false;

for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => {
    void end(new Error(`${signal} ends the check.`));
  });
}

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
  const keystone = startKeystone(network);
  // It may fail before it is waited for.
  keystone.catch(() => undefined);
  const machine = await step('(a Debian)', () => startDebian(network, []));
  const given = await step('(the package, packed and copied)', () => Promise.resolve(handOver(machine)));
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
  for (const { heading, commands, isElsewhere, prints } of blocks) {
    const name = `${heading}: ${commands.split('\n', 1).join('')}`;
    if (isElsewhere) {
      console.log(`skipped            ${name}`);
      continue;
    }
    try {
      await step(name, () => follow(shell, commands, prints));
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
async function follow(shell: Shell, commands: string, prints: readonly string[] = []): Promise<void> {
  const { output, ok } = await shell.run(commands);
  const missing = prints.filter((text) => !output.includes(text)).map((text) => `It does not print: ${text}`);
  if (!ok || missing.length > 0) throw new Error([output, ...missing].join('\n'));
}

/** Counts a step and prints how long it took. The first that fails is the last: later ones need it. */
async function step<Result>(name: string, run: () => Promise<Result>): Promise<Result> {
  const start = performance.now();
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

function startDebian(network: Network, packages: readonly string[]): Promise<Machine> {
  const root = fs.mkdtempSync(path.join(folder, 'root-'));
  const machine = startMachine(root, ['dbus', 'ca-certificates', ...packages], network);
  running.unshift(machine);
  return prepared('a Debian', machine.booted);
}

async function startKeystone(network: Network): Promise<void> {
  const shell = await openShell(await startDebian(network, ['keystone']), {});
  await prepared('a Keystone of Debian', follow(shell, readPart('keystone.sh')));
  await shell.close();
}

/**
 * Copies what the page says is there: the package of the clone, and the credentials of an administrator.
 *
 * @returns the registry of the host's npm and the certificates it trusts, as variables of npm
 */
function handOver(machine: Machine): Record<string, string> {
  const home = machine.file('/root');
  execFileSync('npm', ['pack', '--silent', '--pack-destination', home], {
    cwd: ROOT,
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  fs.copyFileSync(path.join(PARTS, 'admin-openrc'), path.join(home, 'admin-openrc'));
  const env: Record<string, string> = { npm_config_registry: npmSetting('registry') };
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

/** The first line and the last, which is where programs say why. */
function inOneLine(text: string): string {
  const lines = text.trim().split('\n');
  return [...new Set([lines[0], lines.at(-1)])].join(' ');
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
    console.log(`== the pages on installing are not followed, because this host lacks ${inOneLine(trouble.message)}`);
  } else if (trouble !== undefined) {
    console.log(trouble instanceof Missing ? `This host lacks ${trouble.message}` : trouble.message);
    failed++;
  }
  for (const one of running) {
    try {
      await one.stop();
    } catch (error) {
      console.log((error as Error).message);
      failed++;
    }
  }
  fs.rmSync(folder, { recursive: true, force: true });
  console.log(`${passed} passed, ${failed} failed`);
  process.exit(failed === 0 ? 0 : 1);
}
