import fs, { type Stats } from 'node:fs';
import path from 'node:path';

/**
 * Where another account can change what a name stands for, root must not write by name: between a look at a name and its use, that account could put a
 * link to a file of root's in its place. Never for other users, whom the system holds to what is theirs.
 */

/**
 * Whether this process is root's, and another account can change the names in a folder. Root chooses the group of its folders, so what the group may
 * do is not looked at.
 */
export function isForeignToRoot({ uid, mode }: Stats): boolean {
  const isOpenToAll = (mode & 0o002) !== 0 && (mode & 0o1000) === 0;
  return isRoot() && (uid !== 0 || isOpenToAll);
}

/** A longer chain of links is a loop; the system's own bound. */
const MAX_LINKS = 40;

/**
 * The first folder or link on the path to a folder, that folder included, that is foreign to root; null when there is none. Folders that do not exist yet
 * will be root's. It follows links as the system does.
 */
export function foreignOnTheWay(folder: string): string | null {
  if (!isRoot()) return null;
  const toGo = partsOf(path.resolve(folder));
  let here = path.parse(path.resolve(folder)).root;
  for (let links = 0; ;) {
    const stat = fs.statSync(here);
    if (isForeignToRoot(stat)) return here;
    const part = toGo.shift();
    if (part === undefined) return null;
    const next = path.join(here, part);
    const entry = fs.lstatSync(next, { throwIfNoEntry: false });
    if (entry === undefined) return null;
    // In a sticky folder, /tmp for example, an entry belongs to its owner.
    if ((stat.mode & 0o002) !== 0 && entry.uid !== 0) return next;
    if (!entry.isSymbolicLink()) here = next;
    else {
      if (++links > MAX_LINKS) return next;
      const target = fs.readlinkSync(next);
      if (path.isAbsolute(target)) here = path.parse(target).root;
      toGo.unshift(...partsOf(target));
    }
  }
}

/** The remedy. @param foreign what {@link foreignOnTheWay} found */
export function foreignFolderText(folder: string, foreign = folder): string {
  const what = foreign === folder ? 'that folder' : `${foreign} on the way there`;
  return (
    `root does not write to ${folder}, because another account can change ${what}. Run the service as the owner of the folder, ` +
    `or give it to root: chown root ${foreign}; chmod o-w ${foreign}`
  );
}

/**
 * Whether root may append to a file by its name.
 *
 * @throws Error when its folder is foreign to root, or is not there; or when the folder is open to all, as /tmp is, and another account may have made
 *   the name
 */
export function checkFileOfRoot(file: string): void {
  const folder = path.dirname(path.resolve(file));
  const { mode } = fs.statSync(folder);
  const foreign = foreignOnTheWay(folder);
  if (foreign !== null) throw new Error(foreignFolderText(folder, foreign));
  if (!isRoot() || (mode & 0o002) === 0) return;
  const entry = fs.lstatSync(file, { throwIfNoEntry: false });
  if (entry === undefined || (entry.isFile() && entry.uid === 0 && entry.nlink === 1)) return;
  throw new Error(
    `root does not write to ${file}, because every account can make files in ${folder}, and it is no file of root's own`,
  );
}

/**
 * Makes an empty file for {@link checkFileOfRoot} to find, unless it is there: in a folder that is open to all, another account could make a link of
 * that name before root opens it.
 *
 * @throws Error as checkFileOfRoot does, or when the file cannot be made
 */
export function makeFileOfRoot(file: string, mode = 0o666): void {
  checkFileOfRoot(file);
  try {
    fs.closeSync(fs.openSync(file, 'ax', mode));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
  checkFileOfRoot(file);
}

function isRoot(): boolean {
  return process.geteuid?.() === 0;
}

function partsOf(name: string): string[] {
  return name.split(path.sep).filter(Boolean);
}
