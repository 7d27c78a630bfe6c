import { mkdir, readdir, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import type { Pool } from '../../db/pool.js';
import { runStatement } from '../../db/transaction.js';
import { foreignFolderText, isForeignToRoot } from '../../ops/foreign-folder.js';
import { DestinationError } from '../model.js';

/** The folder of a run in the spool. `worker` is the process that does the run. */
export function runFolder(spool: string, worker: string, run: number): string {
  return path.join(spool, `${worker}.${run}`);
}

/**
 * Makes the spool unless it is there.
 *
 * @throws DestinationError when it is foreign to root, who removes whole folders in it
 */
export async function prepareSpool(spool: string): Promise<void> {
  await mkdir(spool, { recursive: true, mode: 0o750 });
  if (isForeignToRoot(await stat(spool)))
    throw new DestinationError('SpoolUnusable', `The spool: ${foreignFolderText(spool)}.`, 'late');
}

/** Whether a name in the spool is that of {@link runFolder}: others may keep something of their own there. */
export function isRunFolder(name: string): boolean {
  return /^[0-9a-f-]{36}\.\d+$/.test(name);
}

/**
 * Removes what killed processes of this machine left in the spool: the folders of runs that no process does. Each look does it: the
 * lease of a killed process lasts longer than the next start takes. A folder is made after the run was claimed, so one that is listed
 * before the table is read has its row there.
 */
export async function sweepSpool(pool: Pool, spool: string, worker: string): Promise<void> {
  // A folder that cannot be used cannot be written to either; runs say so.
  const isUsable = await stat(spool).then(
    (found) => !isForeignToRoot(found),
    () => false,
  );
  const names = isUsable ? await readdir(spool).catch(() => []) : [];
  const folders = names.filter((name) => isRunFolder(name) && !name.startsWith(`${worker}.`));
  if (folders.length === 0) return;
  const text = `select worker || '.' || id as name from list_runs where state = 'running' and lease_until > now()`;
  const { rows } = await runStatement<{ name: string }>(pool, { text }, 'read');
  const alive = new Set(rows.map(({ name }) => name));
  for (const name of folders) if (!alive.has(name)) await rm(path.join(spool, name), { recursive: true, force: true });
}
