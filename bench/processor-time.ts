import { readdir, readFile } from 'node:fs/promises';

/** Processor time that a process has had so far, in seconds; Linux counts in hundredths. */
export async function processorSeconds(pid: number): Promise<number> {
  return (await readTimes(pid)).own;
}

/** The same of a process with all that it has started, of those that have ended as well. */
export async function processorSecondsOfAll(pid: number): Promise<number> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name)).map(Number);
  const found = await Promise.all(
    // One that has just ended is counted by its parent.
    pids.map((each) =>
      readTimes(each).then(
        (times) => [each, times] as const,
        () => null,
      ),
    ),
  );
  const all = new Map(found.filter((one) => one !== null));
  const isBelow = (each: number): boolean => {
    const parent = all.get(each)?.parent;
    return each === pid || (parent !== undefined && isBelow(parent));
  };
  let seconds = 0;
  for (const [each, { own, ended }] of all) if (isBelow(each)) seconds += own + ended;
  return seconds;
}

interface Times {
  readonly parent: number;
  readonly own: number;
  /** Of children that have ended. */
  readonly ended: number;
}

/** Fields of proc(5), after the name in parentheses, which may have spaces. */
async function readTimes(pid: number): Promise<Times> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8');
  const fields = stat.slice(stat.lastIndexOf(')')).split(' ').map(Number);
  const [user = 0, system = 0, endedUser = 0, endedSystem = 0] = fields.slice(12, 16);
  return { parent: fields[2] ?? 0, own: (user + system) / 100, ended: (endedUser + endedSystem) / 100 };
}
