import { open } from 'node:fs/promises';

/** A folder that this account may write and not read. */
const UNREADABLE = ['EACCES'];
/** The file system, one of a network for example, has no fsync of folders. */
const UNSUPPORTED = ['EINVAL', 'EBADF', 'ENOTSUP'];

/**
 * Returns when the disk has the names in a folder, so that a rename in it survives a power failure: fsync(2) of a file does not sync the name of the
 * file. Where a folder cannot be synced, it returns without that.
 */
export async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r').catch(unless(UNREADABLE));
  if (handle === null) return;
  try {
    await handle.sync().catch(unless(UNSUPPORTED));
  } finally {
    await handle.close();
  }
}

function unless(codes: readonly string[]): (error: unknown) => null {
  return (error) => {
    if (codes.includes((error as NodeJS.ErrnoException).code ?? '')) return null;
    throw error;
  };
}
