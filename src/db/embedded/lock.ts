import fs from 'node:fs';
import { setTimeout } from 'node:timers/promises';
import { readText } from './files.js';

const LONGEST_HOLD_MS = 60_000;

/**
 * Takes the lock of a data folder: services that start there at the same moment do so one after the other. Returns the
 * function that releases the lock.
 *
 * @throws the reason of `stop` when it is aborted
 */
export async function lock(file: string, stop?: AbortSignal): Promise<() => void> {
  const deadline = performance.now() + LONGEST_HOLD_MS;
  for (;;) {
    stop?.throwIfAborted();
    try {
      fs.writeFileSync(file, String(process.pid), { flag: 'wx' });
      return () => {
        fs.rmSync(file, { force: true });
      };
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    }
    const holder = readNumber(file);
    const dead = liveProcess(holder) === null || holder === process.pid;
    if (dead || performance.now() > deadline) fs.rmSync(file, { force: true });
    else await setTimeout(50);
  }
}

export function liveProcess(pid: number): number | null {
  if (!(pid > 0)) return null;
  try {
    process.kill(pid, 0);
    return pid;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM' ? pid : null;
  }
}

/** 0 when there is no such file, or when the name is no file. */
export function readNumber(file: string): number {
  try {
    return Number(readText(file) ?? 0);
  } catch {
    return 0;
  }
}
