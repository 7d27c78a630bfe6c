import assert from 'node:assert/strict';
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { patience } from './patience.js';
import { apiAt, type Api } from './service.js';
import { until } from './until.js';

export const ROOT = fileURLToPath(new URL('../../', import.meta.url));

/** The service as its users run it: `node dist/main.js`. */
export interface RunningProcess {
  readonly pid: number;
  /** All of standard output so far, and of standard error. */
  output(): string;
  errors(): string;
  /** Waits for a line of the output; fails with everything that was printed when the process ends or takes too long. */
  printed(what: RegExp): Promise<RegExpExecArray>;
  /** Waits until it listens. */
  listening(): Promise<{ url: string; api: Api }>;
  /** Waits for a line of the log. */
  logged(what: RegExp): Promise<RegExpExecArray>;
  /** Process numbers of its workers that live, the oldest first. */
  workers(): number[];
  signal(signal: NodeJS.Signals): void;
  /** Exit code, or the signal that ended it. Fails with everything that was printed when the end takes too long. */
  ended(): Promise<number | NodeJS.Signals>;
}

const started = new Set<ChildProcess>();
const folders: string[] = [];

/** @param root the folder of another build of the service */
export function startProcess(
  args: readonly string[] = [],
  env: Record<string, string> = {},
  root = ROOT,
): RunningProcess {
  const child = spawn(process.execPath, [path.join(root, 'dist/main.js'), ...args], {
    env: { PATH: process.env['PATH'], ...env },
    cwd: os.tmpdir(),
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  started.add(child);
  let [output, errors] = ['', ''];
  child.stdout.on('data', (text: Buffer) => (output += text.toString()));
  child.stderr.on('data', (text: Buffer) => (errors += text.toString()));
  const end = once(child, 'close').then(([code, signal]) => {
    started.delete(child);
    return (code ?? signal) as number | NodeJS.Signals;
  });

  async function appears(what: RegExp, where: () => string): Promise<RegExpExecArray> {
    for (const deadline = performance.now() + patience(20_000); performance.now() < deadline;) {
      const found = what.exec(where());
      if (found !== null) return found;
      if (!started.has(child)) break;
      await setTimeout(10);
    }
    throw new Error(`${String(what)} was not printed:\n${output}\n${errors}`);
  }
  const printed = (what: RegExp): Promise<RegExpExecArray> => appears(what, () => output);

  return {
    pid: child.pid ?? 0,
    output: () => output,
    errors: () => errors,
    printed,
    logged: (what) => appears(what, () => errors),
    workers: () =>
      readFileSync(`/proc/${child.pid ?? 0}/task/${child.pid ?? 0}/children`, 'utf8')
        .split(' ')
        .filter(Boolean)
        .map(Number)
        .filter(isWorker),
    async listening() {
      const url = (await printed(/listens on (http:\S+)\n[^]*Try: .*\n/))[1] ?? '';
      return { url, api: apiAt(url) };
    },
    signal: (signal) => child.kill(signal),
    async ended() {
      const late = new AbortController();
      const tooLate = setTimeout(patience(40_000), undefined, { signal: late.signal }).then(() => {
        throw new Error(`it has not ended:\n${output}\n${errors}`);
      });
      tooLate.catch(() => undefined);
      try {
        return await Promise.race([end, tooLate]);
      } finally {
        late.abort();
      }
    },
  };
}

/** The service has other children, too: systemd-notify. One that has ended has no command line. */
function isWorker(pid: number): boolean {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes('worker.js');
  } catch {
    return false;
  }
}

/** Kills processes; those that have ended meanwhile are no failure. */
export function killThose(pids: readonly number[]): void {
  for (const pid of pids) {
    try {
      process.kill(pid, 'SIGKILL');
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
    }
  }
}

/**
 * Waits until a worker serves. A connection that no worker takes waits for 15 s (src/process/distributor.ts): a machine on which
 * no worker starts in that time gets 503, and no earlier.
 */
export async function untilServed(api: Api): Promise<void> {
  await until('a worker serves', async () => {
    const start = performance.now();
    const { status } = await api.get('/');
    if (status === 200) return true;
    assert.equal(status, 503);
    assert.ok(performance.now() - start > 14_000, 'a connection was rejected at once');
    return false;
  });
}

/** Runs the service to its end. */
export async function runToEnd(args: readonly string[], env: Record<string, string> = {}) {
  const run = startProcess(args, env);
  const code = await run.ended();
  return { code, output: run.output(), errors: run.errors() };
}

/** A data folder that is removed after the tests of the file. */
export async function temporaryFolder(): Promise<string> {
  const folder = await mkdtemp(path.join(os.tmpdir(), 'stockroom-e2e-'));
  folders.push(folder);
  return folder;
}

/** For `after`: stops what a failed test left behind. */
export async function cleanUp(): Promise<void> {
  for (const child of [...started]) {
    if (!started.has(child)) continue;
    const closed = once(child, 'close');
    child.kill('SIGTERM');
    await Promise.race([closed, setTimeout(patience(5000), undefined, { ref: false })]);
    if (child.kill('SIGKILL')) await closed;
  }
  for (const folder of folders.splice(0)) await rm(folder, { recursive: true, force: true });
}
