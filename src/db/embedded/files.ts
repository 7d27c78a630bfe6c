import { randomBytes } from 'node:crypto';
import fs from 'node:fs';
import { EmbeddedError } from './error.js';

/**
 * Files that root reads and writes. Their folder is root's (folder.ts), but a data folder of an earlier version was the
 * account's, who may have left links, pipes or hard links in it; and the cluster always is. So the code follows no link and
 * waits for no pipe.
 */

const { O_RDONLY, O_WRONLY, O_APPEND, O_CREAT, O_EXCL, O_NOFOLLOW, O_NONBLOCK } = fs.constants;

/** Longer than any file that is read here. */
const MAX_BYTES = 8192;

/**
 * The text of a small file; null when there is none.
 *
 * @throws EmbeddedError when the name is no regular file
 */
export function readText(file: string): string | null {
  let handle: number;
  try {
    handle = fs.openSync(file, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') return null;
    if (code === 'ELOOP' || code === 'ENXIO') throw notRegular(file, error);
    throw error;
  }
  try {
    if (!fs.fstatSync(handle).isFile()) throw notRegular(file);
    const bytes = Buffer.alloc(MAX_BYTES);
    return bytes.toString('utf8', 0, fs.readSync(handle, bytes, 0, MAX_BYTES, 0));
  } finally {
    fs.closeSync(handle);
  }
}

/** Puts a new file in the place of whatever has the name. It replaces a link and does not touch its target. */
export function replaceText(file: string, text: string, mode: number): void {
  const fresh = `${file}.${randomBytes(6).toString('hex')}`;
  fs.writeFileSync(fresh, text, { flag: 'wx', mode });
  fs.renameSync(fresh, file);
}

/**
 * Opens a log to append to.
 *
 * @param isRoot replaces what is not a file of root's own with a single name
 */
export function openToAppend(file: string, isRoot: boolean): number {
  if (!isRoot) return fs.openSync(file, 'a', 0o600);
  const flags = O_WRONLY | O_APPEND | O_CREAT | O_NOFOLLOW | O_NONBLOCK;
  try {
    const handle = fs.openSync(file, flags, 0o600);
    const stat = fs.fstatSync(handle);
    if (stat.isFile() && stat.uid === 0 && stat.nlink === 1) return handle;
    fs.closeSync(handle);
  } catch (error) {
    // A link, or a pipe without a reader.
    if (!['ELOOP', 'ENXIO'].includes((error as NodeJS.ErrnoException).code ?? '')) throw error;
  }
  fs.rmSync(file);
  return fs.openSync(file, flags | O_EXCL, 0o600);
}

function notRegular(file: string, cause?: unknown): EmbeddedError {
  return new EmbeddedError(`${file} is not a regular file. Look at it, and remove it or put the file back.`, { cause });
}
