import { execFileSync, type ChildProcessByStdio } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import path from 'node:path';
import type { Readable } from 'node:stream';
import { setTimeout } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { makeCgroup, processorSeconds, removeCgroup } from './cgroup.js';
import { startInNamespaces } from './namespaces.js';
import type { Network } from './network.js';

/** A Debian 13 with systemd, in namespaces of its own and in memory. */
export interface Machine {
  /** The path, for the host, of a file of the machine. */
  file(name: string): string;
  /** Words that run a program in it, as root. */
  enter(env: Readonly<Record<string, string>>): string[];
}

export interface StartingMachine {
  /** Fails with what was printed when the machine cannot be made, or is stopped before. */
  readonly booted: Promise<Machine>;
  /** What it and its processes have used since its files were unpacked. */
  processorSeconds(): number;
  /** Kills every process of it. Its files are gone then. */
  stop(): Promise<void>;
}

const SCRIPT = fileURLToPath(new URL('machine.sh', import.meta.url));
const PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

/**
 * Unpacks and boots it.
 *
 * @param root an empty folder
 * @param archive of the files (debian.ts)
 */
export function startMachine(root: string, archive: string, network: Network): StartingMachine {
  const group = makeCgroup();
  const child = startInNamespaces(SCRIPT, [root, archive, network.file, group]);
  const closed = once(child, 'close');

  async function boot(): Promise<Machine> {
    await untilSystemd(child, closed);
    const parent = String(child.pid);
    const pid = fs.readFileSync(`/proc/${parent}/task/${parent}/children`, 'utf8').trim();
    const machine = machineOf(pid);
    await untilBooted(machine);
    return machine;
  }

  return {
    booted: boot(),
    processorSeconds: () => processorSeconds(group),
    async stop() {
      // It ignores SIGTERM while it waits.
      child.kill('SIGKILL');
      await closed;
      await removeCgroup(group);
    },
  };
}

/** @throws with all that was printed, when it ends before */
async function untilSystemd(
  child: ChildProcessByStdio<null, Readable, Readable>,
  closed: Promise<unknown>,
): Promise<void> {
  let output = '';
  const starts = new Promise<true>((resolve) => {
    const collect = (text: Buffer): void => {
      output += text.toString();
      if (/^boots$/m.test(output)) resolve(true);
    };
    child.stdout.on('data', collect);
    child.stderr.on('data', collect);
  });
  const hasStarted = await Promise.race([starts, closed.then(() => false)]);
  if (!hasStarted) throw new Error(`The machine cannot be made:\n${output}`);
}

/** @param pid of its systemd, for the host */
function machineOf(pid: string): Machine {
  return {
    file: (name) => path.join(`/proc/${pid}/root`, name),
    enter(env) {
      const variables = { HOME: '/root', PATH, LANG: 'C.UTF-8', ...env };
      const words = Object.entries(variables).map(([name, value]) => `${name}=${value}`);
      return ['nsenter', '--target', pid, '--all', '--root', '--wd', 'env', '--ignore-environment', ...words];
    },
  };
}

async function untilBooted(machine: Machine): Promise<void> {
  const [program = '', ...words] = machine.enter({});
  for (let attempt = 0; ; attempt++) {
    try {
      execFileSync(program, [...words, 'systemctl', 'is-system-running', '--wait'], { stdio: 'pipe' });
      return;
    } catch (error) {
      const { stdout } = error as { stdout: Buffer };
      // A unit that cannot run in a container is no obstacle.
      if (stdout.toString().trim() === 'degraded') return;
      if (attempt === 300) throw error;
      await setTimeout(200);
    }
  }
}
