import { createHash } from 'node:crypto';
import { constants } from 'node:fs';
import { lstat, mkdir, open, realpath, rename, rm, rmdir, stat, unlink } from 'node:fs/promises';
import path from 'node:path';
import { foreignFolderText, foreignOnTheWay, isForeignToRoot } from '../../ops/foreign-folder.js';
import { syncFolder } from '../../sync-folder.js';
import { DestinationError, type Destination, type OutgoingObject } from '../model.js';

const FOLDER_MODE = 0o750;
const FILE_MODE = 0o640;

/**
 * A folder as a bucket: keys are paths below it. An object that has its name is complete, because it is written to `.NAME.tmp` in the
 * same folder and then renamed. A link must not lead out of the folder. As root, the service uses only folders that no other account can
 * change.
 */
export function folderDestination(root: string): Destination {
  return {
    put: (object, encryption, signal) =>
      withStoreErrors(root, async () => {
        if (encryption !== null) {
          throw new DestinationError('NotImplemented', 'A folder does not encrypt.', 'late');
        }
        const file = await placeOf(root, object.key, true);
        await write(file, object, signal);
      }),
    get: (key) =>
      withStoreErrors(root, async () => {
        const file = await folderFile(root, key);
        return file === null ? null : await readSmall(file, key);
      }),
    delete: (key) =>
      withStoreErrors(root, async () => {
        const file = await orNull(placeOf(root, key, false));
        if (file === null) return;
        await rm(file, { force: true });
        // An attempt that was killed while it wrote may have left this file.
        await rm(unfinished(file), { force: true });
        await removeEmpty(path.dirname(file), await realpath(root));
      }),
  };
}

/**
 * Makes the folder `key` below the root, and its parents. When several processes make the same folder at once, one of them succeeds.
 *
 * @returns false when the folder exists
 * @throws DestinationError as `put` does
 */
export function claimFolder(root: string, key: string): Promise<boolean> {
  return withStoreErrors(root, async () => await makeFolder(await placeOf(root, key, true)));
}

/**
 * Returns the path of the file of a key, with all links resolved.
 *
 * @returns null when there is none
 * @throws DestinationError when it is outside of the folder
 */
export async function folderFile(root: string, key: string): Promise<string | null> {
  const file = await orNull(placeOf(root, key, false));
  const real = file === null ? null : await orNull(realpath(file));
  if (real !== null) rejectOutside(real, await realpath(root), key);
  return real;
}

/** Returns the path for the file of a key. Checks each folder on the way before it enters the next one. */
async function placeOf(root: string, key: string, make: boolean): Promise<string> {
  const parts = key.split('/');
  if (parts.some((part) => part === '' || part === '.' || part === '..' || part.includes('\0'))) {
    throw new DestinationError('InvalidKey', `${JSON.stringify(key)} is no path below the folder.`, 'late');
  }
  rejectForeignWay(root);
  if (make) await mkdir(root, { recursive: true, mode: FOLDER_MODE });
  const top = await realpath(root);
  rejectForeignWay(top);
  let folder = top;
  for (const part of parts.slice(0, -1)) {
    const next = path.join(folder, part);
    if (make) await makeFolder(next);
    folder = await realpath(next);
    rejectOutside(folder, top, key);
    await rejectForeign(folder);
  }
  return path.join(folder, ...parts.slice(-1));
}

function rejectOutside(real: string, top: string, key: string): void {
  const inside = path.relative(top, real);
  if (inside !== '..' && !inside.startsWith(`..${path.sep}`) && !path.isAbsolute(inside)) return;
  throw new DestinationError('OutsideFolder', `${key}: a link leads out of the folder ${top}.`, 'late');
}

function rejectForeignWay(folder: string): void {
  const foreign = foreignOnTheWay(folder);
  if (foreign !== null) throw new DestinationError('AccessDenied', foreignFolderText(folder, foreign), 'late');
}

async function rejectForeign(folder: string): Promise<void> {
  if (isForeignToRoot(await stat(folder)))
    throw new DestinationError('AccessDenied', foreignFolderText(folder), 'late');
}

/** In bytes. The service reads only small objects: manifests, and the text of a probe. */
const LARGEST_READ = 64 * 1024 * 1024;

/** Opens the file without blocking, because opening a pipe could wait forever. */
async function readSmall(file: string, key: string): Promise<Buffer> {
  const handle = await open(file, constants.O_RDONLY | constants.O_NONBLOCK);
  try {
    const found = await handle.stat();
    if (!found.isFile()) throw new DestinationError('InvalidKey', `${key} is not a file.`, 'late');
    if (found.size > LARGEST_READ) {
      throw new DestinationError('InvalidKey', `${key} has ${found.size} bytes, more than ${LARGEST_READ}.`, 'late');
    }
    return await handle.readFile();
  } finally {
    await handle.close();
  }
}

/** @returns false when the folder exists */
async function makeFolder(folder: string): Promise<boolean> {
  try {
    await mkdir(folder, { mode: FOLDER_MODE });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
  await syncFolder(path.dirname(folder));
  return true;
}

async function write(file: string, object: OutgoingObject, signal: AbortSignal): Promise<void> {
  const beside = unfinished(file);
  await rm(beside, { force: true });
  const handle = await open(beside, 'wx', FILE_MODE);
  try {
    const md5 = createHash('md5');
    for await (const chunk of object.open() as AsyncIterable<Buffer>) {
      signal.throwIfAborted();
      md5.update(chunk);
      await handle.writeFile(chunk);
    }
    if (md5.digest('hex') !== object.md5) {
      throw new DestinationError('ChecksumMismatch', `${object.key}: the spool has other bytes than it had.`, 'soon');
    }
    await handle.sync();
    // A process whose run another process has taken over may still write under the same name.
    if ((await handle.stat()).ino !== (await lstat(beside)).ino) {
      throw new DestinationError('OperationAborted', `${object.key} is being written by another process.`, 'soon');
    }
    await rename(beside, file);
  } catch (error) {
    await unlink(beside).catch(() => undefined);
    throw error;
  } finally {
    await handle.close();
  }
  await syncFolder(path.dirname(file));
}

function unfinished(file: string): string {
  return path.join(path.dirname(file), `.${path.basename(file)}.tmp`);
}

/** Removes empty folders, because an object store has none. */
async function removeEmpty(folder: string, top: string): Promise<void> {
  for (let one = folder; one !== top; one = path.dirname(one)) {
    try {
      await rmdir(one);
    } catch {
      return;
    }
  }
}

async function orNull(found: Promise<string>): Promise<string | null> {
  try {
    return await found;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
}

/** Converts errors of the file system into those of a store. */
async function withStoreErrors<T>(root: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (error instanceof DestinationError || code === undefined || !/^E[A-Z]+$/.test(code)) throw error;
    if (code === 'ENOSPC' || code === 'EDQUOT') throw new DestinationError('NoSpace', message, 'soon');
    if (['EACCES', 'EPERM', 'EROFS'].includes(code)) throw new DestinationError('AccessDenied', message, 'late');
    if (['ENOTDIR', 'ENAMETOOLONG', 'ELOOP', 'EISDIR'].includes(code)) {
      throw new DestinationError('InvalidKey', message, 'late');
    }
    throw new DestinationError('FolderUnusable', `The folder ${root}: ${message}`, 'soon');
  }
}
