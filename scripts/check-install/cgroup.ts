import { execFile, execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { promisify } from 'node:util';

/** Those that are there yet. */
const groups = new Set<string>();

/** A subtree of the second hierarchy, which the systemd of a machine has for itself. @returns its folder */
export function makeCgroup(): string {
  const search = ['--noheadings', '--first-only', '--output', 'TARGET', '--types', 'cgroup2'];
  const mounted = execFileSync('findmnt', search, { encoding: 'utf8' });
  const group = fs.mkdtempSync(path.join(mounted.trim(), `stockroom-install-${process.pid}-`));
  groups.add(group);
  return group;
}

/** What the processes of a group, and of the groups in it, have used, those that ended as well. */
export function processorSeconds(group: string): number {
  const [, microseconds] = /^usage_usec (\d+)$/m.exec(fs.readFileSync(path.join(group, 'cpu.stat'), 'utf8')) ?? [];
  return Number(microseconds) / 1e6;
}

/** The processes that were killed leave it one after the other. */
export async function removeCgroup(group: string): Promise<void> {
  for (let attempt = 0; ; attempt++) {
    try {
      execFileSync('find', [group, '-depth', '-type', 'd', '-delete'], { stdio: 'pipe' });
      break;
    } catch (error) {
      // One that went away meanwhile is an error of find as well.
      if (!fs.existsSync(group)) break;
      if (attempt === 50) throw error;
    }
    await setTimeout(100);
  }
  groups.delete(group);
}

/** Those whose programs were interrupted. */
export async function removeCgroups(): Promise<void> {
  for (const group of groups) await removeCgroup(group);
}

/** Runs a program in a cgroup of its own, which is gone afterwards. */
export async function runInCgroup(program: string, args: readonly string[]): Promise<void> {
  const group = makeCgroup();
  try {
    const enter = 'echo $$ >"$0/cgroup.procs" && exec "$@"';
    await promisify(execFile)('sh', ['-c', enter, group, program, ...args]);
  } finally {
    await removeCgroup(group);
  }
}
