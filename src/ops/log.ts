import fs from 'node:fs';
import path from 'node:path';
import pino, { type Logger } from 'pino';

export interface LogFileOptions {
  readonly logFile: string | null;
  readonly logDir: string | null;
  readonly useStderr: boolean;
  readonly watchLogFile: boolean;
}

/** JSON lines on standard error, or in a file; standard output is for what a person reads at start. */
export function createLog(level: string, options?: LogFileOptions): Logger {
  const settings = { level, base: null, timestamp: pino.stdTimeFunctions.isoTime };
  const file = options === undefined ? null : logFileOf(options);
  if (file === null) return pino(settings, pino.destination(2));
  const destination = pino.destination({ dest: file, sync: true });
  if (options?.watchLogFile === true) reopenWhenMoved(file, destination);
  const streams = [{ level: 'trace' as const, stream: destination }];
  if (options?.useStderr === true) streams.push({ level: 'trace', stream: pino.destination(2) });
  return pino(settings, pino.multistream(streams));
}

function logFileOf({ logFile, logDir }: LogFileOptions): string | null {
  if (logFile === null) return logDir === null ? null : path.join(logDir, 'placement.log');
  return logDir === null ? logFile : path.resolve(logDir, logFile);
}

/** Log rotation moves the file away; it is written to under its new name until somebody looks. */
function reopenWhenMoved(file: string, destination: { reopen(file: string): void }): void {
  let inode = fs.statSync(file, { throwIfNoEntry: false })?.ino;
  setInterval(() => {
    const now = fs.statSync(file, { throwIfNoEntry: false })?.ino;
    if (now !== undefined && now === inode) return;
    destination.reopen(file);
    inode = fs.statSync(file, { throwIfNoEntry: false })?.ino;
  }, 1000).unref();
}
