import { readFile } from 'node:fs/promises';

/** Processor time that a process has had so far, in seconds; Linux counts in hundredths. */
export async function processorSeconds(pid: number): Promise<number> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8');
  const [user, system] = stat.slice(stat.lastIndexOf(')')).split(' ').slice(12, 14).map(Number);
  return ((user ?? 0) + (system ?? 0)) / 100;
}
