import fs, { type Stats } from 'node:fs';
import path from 'node:path';

/**
 * Whether this process is root's, and another account can change what the names in a folder stand for: between a look at a name and its use,
 * that account could put a link to a file of root's in its place. Never for other users, whom the system holds to what is theirs. Root
 * chooses the group of its folders, so what the group may do is not looked at.
 */
export function isForeignToRoot({ uid, mode }: Stats): boolean {
  const isOpenToAll = (mode & 0o002) !== 0 && (mode & 0o1000) === 0;
  return process.geteuid?.() === 0 && (uid !== 0 || isOpenToAll);
}

/** The remedy for a folder that is foreign to root. */
export function foreignFolderText(folder: string): string {
  return `root does not write to ${folder}, because another account can change that folder. Run the service as the owner of the folder, or give it to root: chown root ${folder}; chmod o-w ${folder}`;
}

/** @throws Error when the folder of a file is foreign to root, or is not there */
export function checkFolderOf(file: string): void {
  const folder = path.dirname(path.resolve(file));
  if (isForeignToRoot(fs.statSync(folder))) throw new Error(foreignFolderText(folder));
}
