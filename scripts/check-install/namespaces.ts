import { spawn, type ChildProcessByStdio } from 'node:child_process';
import type { Readable } from 'node:stream';

const NAMESPACES = ['--pid', '--fork', '--kill-child', '--mount', '--propagation', 'private'];

/**
 * Starts a script of bash as process 1 of new namespaces for processes and mounts. Its processes and mounts are gone when the child is
 * killed, and it dies with this process, however that ends.
 */
export function startInNamespaces(
  script: string,
  args: readonly string[],
): ChildProcessByStdio<null, Readable, Readable> {
  return spawn('setpriv', ['--pdeathsig', 'KILL', 'unshare', ...NAMESPACES, 'bash', script, ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
}
