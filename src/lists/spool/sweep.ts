import { mkdir, readdir, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import type { Pool } from '../../db/pool.js';
import { runStatement } from '../../db/transaction.js';
import { foreignFolderText, foreignOnTheWay } from '../../ops/foreign-folder.js';
import { DestinationError, type Run } from '../model.js';

/**
 * The folder of one attempt of a run in the spool. A process that was cut off from the database for longer than its lease may take
 * the same run again while its earlier attempt still removes what it has made.
 *
 * @param worker the process that does the run
 */
export function attemptFolder(spool: string, worker: string, { id, attempt }: Pick<Run, 'id' | 'attempt'>): string {
  return path.join(spool, `${worker}.${id}.${attempt}`);
}

/**
 * Makes the spool unless it is there.
 *
 * @throws DestinationError when it is foreign to root, who removes whole folders in it
 */
export async function prepareSpool(spool: string): Promise<void> {
  rejectForeign(spool);
  await mkdir(spool, { recursive: true, mode: 0o750 });
  rejectForeign(spool);
}

function rejectForeign(spool: string): void {
  const foreign = foreignOnTheWay(spool);
  if (foreign === null) return;
  throw new DestinationError('SpoolUnusable', `The spool: ${foreignFolderText(spool, foreign)}.`, 'late');
}

/**
 * Whether a name in the spool is that of {@link attemptFolder}: others may keep something of their own there. An older version of
 * the service names no attempt.
 */
export function isAttemptFolder(name: string): boolean {
  return /^[0-9a-f-]{36}\.\d+(\.\d+)?$/.test(name);
}

/**
 * Removes what killed processes of this machine left in the spool: the folders of attempts that no process makes any more. Each look does it: the
 * lease of a killed process lasts longer than the next start takes. A folder is made after the run was claimed, so one that is listed
 * before the table is read has its row there.
 */
export async function sweepSpool(pool: Pool, spool: string, worker: string): Promise<void> {
  // A folder that cannot be used cannot be written to either; runs say so.
  const isUsable = await stat(spool).then(
    () => foreignOnTheWay(spool) === null,
    () => false,
  );
  const names = isUsable ? await readdir(spool).catch(() => []) : [];
  const folders = names.filter((name) => isAttemptFolder(name) && !name.startsWith(`${worker}.`));
  if (folders.length === 0) return;
  const text = `select worker || '.' || id as run, attempt from list_runs where state = 'running' and lease_until > now()`;
  const { rows } = await runStatement<{ run: string; attempt: number }>(pool, { text }, 'read');
  const alive = new Set(rows.flatMap(({ run, attempt }) => [run, `${run}.${attempt}`]));
  for (const name of folders) if (!alive.has(name)) await rm(path.join(spool, name), { recursive: true, force: true });
}
