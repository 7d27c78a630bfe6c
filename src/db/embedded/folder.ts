import fs from 'node:fs';
import path from 'node:path';
import { EmbeddedError } from './error.js';
import { succeeds, type Account } from './run.js';

/**
 * Makes the data folder. Root's data folder belongs to root, and the server's account cannot change any name on the path to
 * it: root writes files there by name, and the account must not be able to put a link in their place. The account owns only
 * the cluster inside.
 *
 * @param account as whom the server runs; null: as the service itself
 * @returns the folder without links on the way
 * @throws EmbeddedError when the folder cannot be used, or the account can write above it or cannot enter it
 */
export function prepareFolder(folder: string, account: Account | null): string {
  try {
    if (account !== null) return prepareForAccount(folder, account);
    fs.mkdirSync(folder, { recursive: true });
    fs.accessSync(folder, fs.constants.R_OK | fs.constants.W_OK | fs.constants.X_OK);
    return folder;
  } catch (error) {
    if (error instanceof EmbeddedError) throw error;
    throw new EmbeddedError(
      `The data folder ${folder} cannot be used: ${(error as Error).message}. Choose another with --data-dir, or give the service ` +
        'a PostgreSQL of your own with OS_PLACEMENT_DATABASE__CONNECTION.',
      { cause: error },
    );
  }
}

function prepareForAccount(folder: string, account: Account): string {
  const reachable = writableOnTheWay(folder, account);
  if (reachable !== null) {
    throw new EmbeddedError(
      `The user "postgres", as whom the database runs because you are root, can change ${reachable}, which leads to the data ` +
        `folder ${folder}. Choose another with --data-dir, for example /var/lib/stockroom.`,
    );
  }
  fs.mkdirSync(folder, { recursive: true, mode: 0o755 });
  const real = fs.realpathSync(folder);
  rejectClusterOfAnother(real, account);
  takeOver(real);
  if (succeeds('test', ['-x', real], account)) return real;
  throw new EmbeddedError(
    `The data folder ${folder} cannot be entered by the user "postgres", as whom the database runs because you are root. ` +
      'Choose another with --data-dir, for example /var/lib/stockroom.',
  );
}

/** The folder is the database of a service of that user. If root took it over, that service could not use it any more. */
function rejectClusterOfAnother(folder: string, account: Account): void {
  const cluster = fs.lstatSync(path.join(folder, 'postgresql'), { throwIfNoEntry: false });
  if (cluster === undefined || cluster.uid === account.uid) return;
  throw new EmbeddedError(
    `The database in ${folder} belongs to the user with the number ${cluster.uid}. Run this as that user, for example with ` +
      '`runuser -u stockroom -- stockroom ...`. Nothing was changed.',
  );
}

/** A longer chain of links is a loop; the system's own bound. */
const MAX_LINKS = 40;

/**
 * The first folder or link on the path to a folder that an account can change, or null. It follows links as the system does.
 * Folders that do not exist yet will belong to root. The folder itself may belong to the account: {@link prepareFolder}
 * takes it over.
 */
export function writableOnTheWay(folder: string, account: Account): string | null {
  const toGo = partsOf(path.resolve(folder));
  let here = path.parse(folder).root || '/';
  for (let links = 0; toGo.length > 0;) {
    const parent = fs.statSync(here);
    const isSticky = (parent.mode & 0o1000) !== 0 && parent.uid !== account.uid;
    if (canWrite(parent, account) && !isSticky) return here;
    const next = path.join(here, toGo.shift() ?? '');
    const entry = fs.lstatSync(next, { throwIfNoEntry: false });
    if (entry === undefined) return null;
    // In a sticky folder, /tmp for example, an entry belongs to its owner alone.
    const isLast = toGo.length === 0;
    if (entry.uid === account.uid && !(isLast && entry.isDirectory())) return next;
    if (!entry.isSymbolicLink()) here = next;
    else {
      if (++links > MAX_LINKS) return next;
      const target = fs.readlinkSync(next);
      if (path.isAbsolute(target)) here = '/';
      toGo.unshift(...partsOf(target));
    }
  }
  return null;
}

function partsOf(name: string): string[] {
  return name.split(path.sep).filter(Boolean);
}

function canWrite({ mode, uid, gid }: fs.Stats, account: Account): boolean {
  if (uid === account.uid) return true;
  return (mode & 0o002) !== 0 || ((mode & 0o020) !== 0 && account.groups.includes(gid));
}

/** A data folder of an earlier version belongs to the account. From here on only root creates or renames entries in it. */
function takeOver(folder: string): void {
  const { O_RDONLY, O_DIRECTORY, O_NOFOLLOW } = fs.constants;
  const handle = fs.openSync(folder, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
  try {
    const { uid, mode, ino, dev } = fs.fstatSync(handle);
    if (uid !== 0) fs.fchownSync(handle, 0, 0);
    const wanted = (mode & 0o755) | 0o711;
    if ((mode & 0o7777) !== wanted) fs.fchmodSync(handle, wanted);
    const named = fs.lstatSync(folder);
    if (named.ino !== ino || named.dev !== dev) {
      throw new EmbeddedError(`The data folder ${folder} was replaced while the service started. Start it again.`);
    }
  } finally {
    fs.closeSync(handle);
  }
}
