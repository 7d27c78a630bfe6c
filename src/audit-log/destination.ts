import fs from 'node:fs';
import type { Logger } from 'pino';
import { makeFileOfRoot } from '../ops/foreign-folder.js';
import { createLogDestination, type LogDestination } from '../ops/log-destination.js';

/** Only the user and the group of the service may read the file, because it shows the actions of users. */
const FILE_MODE = 0o640;

/** The interval, in milliseconds, at which the service tries a failed write again, and checks whether log rotation has moved the file. */
const LOOK_MS = 1000;

/**
 * Opens the audit log. It writes lines in the background, each at once while the disk keeps up. When log rotation moves or
 * removes the file, every worker opens the name again within a second, so rotation needs no signal.
 *
 * @param file null for standard error
 * @param onLost is called for each line that is lost
 * @throws Error when the file cannot be written, or its folder is foreign to root
 */
export function openAuditDestination(file: string | null, log: Logger, onLost: () => void): LogDestination {
  const watcher = {
    onTrouble(error: Error) {
      log.error({ reason: error.message }, 'the audit log cannot be written; requests are still served');
    },
    onWell() {
      log.info('the audit log is written again');
    },
    onLost,
  };
  // A write to standard error has at most 4 kB, because the system does not split such a write to a pipe to which several processes write.
  const place = file === null ? { dest: 2, maxWrite: 4096 } : { dest: file, mode: FILE_MODE };
  const destination = createLogDestination({ ...place, sync: false, periodicFlush: LOOK_MS }, watcher);
  if (file === null) return destination;
  const stop = reopenWhenMoved(file, destination, log);
  return {
    ...destination,
    close() {
      stop();
      destination.close();
    },
  };
}

/** @returns a function that stops the checks */
function reopenWhenMoved(file: string, destination: LogDestination, log: Logger): () => void {
  let inode = fs.statSync(file, { throwIfNoEntry: false })?.ino;
  let [isLooking, isInTrouble] = [false, false];
  const inodeNow = (): Promise<number | undefined> =>
    fs.promises.stat(file).then(
      ({ ino }) => ino,
      () => undefined,
    );

  async function look(): Promise<void> {
    const now = await inodeNow();
    if (now !== undefined && now === inode) return;
    makeFileOfRoot(file, FILE_MODE);
    // The file is opened in the background, because a slow disk would block a request.
    await (await fs.promises.open(file, 'a', FILE_MODE)).close();
    destination.reopen();
    inode = await inodeNow();
    isInTrouble = false;
  }

  const timer = setInterval(() => {
    if (isLooking) return;
    isLooking = true;
    look()
      .catch((error: unknown) => {
        if (!isInTrouble) {
          const reason = (error as Error).message;
          log.error({ reason }, 'the audit log cannot be opened again; lines go to the file that was moved away');
        }
        isInTrouble = true;
      })
      .finally(() => (isLooking = false));
  }, LOOK_MS).unref();
  return () => {
    clearInterval(timer);
  };
}
