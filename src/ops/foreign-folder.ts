import fs, { type Stats } from 'node:fs';
import path from 'node:path';

/**
 * When another account can replace a file, root must not write to it by its name: between the check of a name and its use, that account
 * could replace the file with a link to a file of root. Other users need no check, because the system limits them to their own files.
 */

/**
 * Whether this process runs as root, and another account can change the names in a folder. Rights of the group do not count, because root
 * chooses the group of its folders.
 */
export function isForeignToRoot({ uid, mode }: Stats): boolean {
  const isOpenToAll = (mode & 0o002) !== 0 && (mode & 0o1000) === 0;
  return isRoot() && (uid !== 0 || isOpenToAll);
}

/** A longer chain of links counts as a loop. Linux has the same limit. */
const MAX_LINKS = 40;

/**
 * Returns the first folder or link on the path to a folder that is foreign to root, or null when there is none. It checks the folder itself
 * as well. It ignores folders that do not exist, because root will make them. It follows links as the system does.
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
    // In a sticky folder, such as /tmp, only the owner of an entry can replace it.
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

/** The message for the operator. @param foreign the result of {@link foreignOnTheWay} */
export function foreignFolderText(folder: string, foreign = folder): string {
  const what = foreign === folder ? 'that folder' : `${foreign} on the way there`;
  return (
    `root does not write to ${folder}, because another account can change ${what}. Run the service as the owner of the folder, ` +
    `or give it to root: chown root ${foreign}; chmod o-w ${foreign}`
  );
}

/**
 * Checks that root may append to a file by its name.
 *
 * @throws Error when its folder is foreign to root or does not exist, or when all accounts can write to the folder, as to /tmp, and another
 *   account may have made the file
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
 * Makes an empty file unless it exists, and checks it with {@link checkFileOfRoot}. In a folder to which all accounts can write, another
 * account could otherwise make a link with that name before root opens the file.
 *
 * @throws Error like checkFileOfRoot, or when the file cannot be made
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
