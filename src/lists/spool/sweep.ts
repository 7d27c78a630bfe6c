import { mkdir, readdir, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import type { Pool } from '../../db/pool.js';
import { runStatement } from '../../db/transaction.js';
import { foreignFolderText, foreignOnTheWay } from '../../ops/foreign-folder.js';
import { DestinationError, type Run } from '../model.js';

/**
 * The folder of one attempt of a run in the spool. Each attempt has its own folder: a process that had no connection to the database for
 * longer than its lease may take the same run again while its earlier attempt still removes its files.
 *
 * @param worker the process that does the run
 */
export function attemptFolder(spool: string, worker: string, { id, attempt }: Pick<Run, 'id' | 'attempt'>): string {
  return path.join(spool, `${worker}.${id}.${attempt}`);
}

/**
 * Makes the spool unless it exists.
 *
 * @throws DestinationError when the service runs as root and another account can change the spool, because the service removes folders there
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
 * Whether a name in the spool has the form of {@link attemptFolder}. The spool may have other files, which the service must not touch. In
 * an older version of the service the name has no number of the attempt.
 */
export function isAttemptFolder(name: string): boolean {
  return /^[0-9a-f-]{36}\.\d+(\.\d+)?$/.test(name);
}

/**
 * Removes the folders that killed processes of this machine left in the spool: those of attempts that are not in progress any more. The
 * worker calls it at each look, because the lease of a killed process lasts longer than the next start takes. A process makes a folder
 * after it has claimed the run, so the table, which is read after the folders are listed, has the row of each folder in use.
 */
export async function sweepSpool(pool: Pool, spool: string, worker: string): Promise<void> {
  // When the spool cannot be used, this function does nothing, because runs report the failure.
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
