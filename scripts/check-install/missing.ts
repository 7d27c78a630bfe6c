import { execFile } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import { promisify } from 'node:util';
import { runInCgroup } from './cgroup.js';
import type { Machine } from './machine.js';

const run = promisify(execFile);

/** What keeps this host from following the pages, and no page can mend: the check says so and counts nothing. */
export class Missing extends Error {}

/** Debian's packages: mmdebstrap; util-linux; iproute2. */
const PROGRAMS = ['mmdebstrap', 'setpriv', 'unshare', 'nsenter', 'findmnt', 'ip'];

/** Two machines in memory took 2.3 GB at most when this was measured, and the services of them 0.6 GB. */
const MEMORY_GB = 4;

/** The archive of a Debian, 0.3 GB, the package, and what npm and Node.js keep meanwhile. */
const DISK_GB = 1;

/** What machine.sh does with namespaces, mounts and owners: $1 is an empty folder. */
const MOUNTS = `
mount -t tmpfs tmpfs "$1"
touch "$1/file"
chown 65534:65534 "$1/file"
mkdir "$1/proc" "$1/sys" "$1/group" "$1/pts"
mount -t proc proc "$1/proc"
mount -t sysfs -o ro sysfs "$1/sys"
mount -t cgroup2 cgroup2 "$1/group"
mount -t devpts -o newinstance devpts "$1/pts"
mount --bind /dev/null "$1/proc/cpuinfo"`;

/**
 * Looks whether the host can boot machines. Whether the archive of Debian is at hand, making the first one shows.
 *
 * @param folder where an empty folder can be made
 * @throws Missing that names the first thing that is not there
 */
export async function expectHost(folder: string): Promise<void> {
  if (process.getuid?.() !== 0) throw new Missing('root');
  for (const program of PROGRAMS) {
    await expected(`the program ${program}`, run('sh', ['-c', 'command -v "$0"', program]));
  }
  expectMemory();
  expectDisk(folder);
  const namespaces = [
    '--pid',
    '--fork',
    '--kill-child',
    '--mount',
    '--propagation',
    'private',
    '--net',
    '--uts',
    '--ipc',
  ];
  const place = fs.mkdtempSync(`${folder}/mounts-`);
  const mounts = [...namespaces, '--cgroup', 'bash', '-euc', MOUNTS, 'bash', place];
  await expected('a cgroup, namespaces, mounts and owners', runInCgroup('unshare', mounts));
  await expectNpm();
}

/**
 * Looks again after a command of a page has failed.
 *
 * @throws Missing when the host no longer has what the commands need
 */
export async function expectStillThere(machine: Machine, env: Readonly<Record<string, string>>): Promise<void> {
  expectMemory(1);
  const [program = '', ...words] = machine.enter(env);
  await expected('the archive of Debian', run(program, [...words, 'apt-get', 'update', '--error-on=any']));
  await expectNpm();
}

async function expectNpm(): Promise<void> {
  await expected('the registry of npm', run('npm', ['view', 'express', 'version', '--prefer-online']));
}

function expectMemory(gigabytes = MEMORY_GB): void {
  const [, free = ''] = /^MemAvailable: +(\d+) kB$/m.exec(fs.readFileSync('/proc/meminfo', 'utf8')) ?? [];
  if (Number(free) < gigabytes * 1e6) throw new Missing(`${gigabytes} GB of free memory`);
}

function expectDisk(folder: string): void {
  const { bavail, bsize } = fs.statfsSync(folder);
  if (bavail * bsize < DISK_GB * 1e9) throw new Missing(`${DISK_GB} GB of free disk in ${os.tmpdir()}`);
}

async function expected(what: string, work: Promise<unknown>): Promise<void> {
  try {
    await work;
  } catch (error) {
    const { stderr, message } = error as Error & { stderr?: string };
    const [why = ''] = (stderr ?? message).trim().split('\n').slice(-1);
    throw new Missing(why === '' ? what : `${what} (${why})`, { cause: error });
  }
}
