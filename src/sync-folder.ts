import { open } from 'node:fs/promises';

/** The error for a folder that this account may write and not read. */
const UNREADABLE = ['EACCES'];
/** The errors of file systems without fsync of folders, such as some network file systems. */
const UNSUPPORTED = ['EINVAL', 'EBADF', 'ENOTSUP'];

/**
 * Resolves when the disk has the names in a folder, so that a rename in it survives a power failure, because fsync(2) of a file does not sync
 * the name of the file. When a folder cannot be synced, it resolves without the sync.
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
