import fs from 'node:fs';
import path from 'node:path';
import pino, { type DestinationStream, type Logger, type LoggerOptions } from 'pino';
import { createLogDestination, type LogDestination } from './log-destination.js';
import { prettyStream } from './pretty.js';

export interface LogOptions {
  /** With auto, the format is pretty when standard error is a terminal, else JSON. A file is always JSON. */
  readonly logFormat?: 'auto' | 'json' | 'pretty';
  /** Null for standard error. Standard output has the text that an operator reads at the start. */
  readonly logFile?: string | null;
  /** The folder of logFile. Without logFile, the log is placement.log in this folder. */
  readonly logDir?: string | null;
  /** Whether the log is written to standard error in addition to a file. */
  readonly useStderr?: boolean;
  /** Whether the file is opened again when log rotation has moved it. */
  readonly watchLogFile?: boolean;
  /** Called with a function that opens the file again under its name, for log rotation that notifies the service. */
  readonly onFile?: (reopen: () => void) => void;
}

/** The format of every line (docs/reference/log.md). It has names of levels, because operators and log collectors do not know the numbers of pino. */
export function logSettings(level: string): LoggerOptions {
  return {
    level,
    base: null,
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (name) => ({ level: name }) },
  };
}

/** @throws Error when the file cannot be written, or its folder is foreign to root */
export function createLog(level: string, options: LogOptions = {}): Logger {
  const settings = logSettings(level);
  const file = logFileOf(options);
  if (file === null) return pino(settings, standardError(options));
  const destination = createLogDestination(
    { dest: file, sync: true },
    {
      onTrouble(error) {
        process.stderr.write(`The log ${file} cannot be written: ${error.message}\n`);
      },
    },
  );
  options.onFile?.(destination.reopen);
  if (options.watchLogFile === true) reopenWhenMoved(file, destination);
  if (options.useStderr !== true) return pino(settings, destination);
  const streams = [destination, standardError(options)].map((stream) => ({ level: 'trace' as const, stream }));
  return pino(settings, pino.multistream(streams));
}

/** @returns null for standard error */
export function logFileOf({ logFile = null, logDir = null }: LogOptions): string | null {
  if (logFile === null) return logDir === null ? null : path.join(logDir, 'placement.log');
  return logDir === null ? logFile : path.resolve(logDir, logFile);
}

let shared: DestinationStream | null = null;

/**
 * Writes lines in the background: 2 to 4 kB at a time, or the waiting lines after a quarter of a second, and the rest when the process ends.
 * So a line does not need its own system call and does not wait for a slow reader. A write has at most 4 kB, because the system does not
 * split such a write to a pipe to which several processes write.
 */
function standardError({ logFormat = 'json' }: LogOptions): DestinationStream {
  if (logFormat === 'pretty' || (logFormat === 'auto' && process.stderr.isTTY)) return prettyStream(process.stderr);
  return (shared ??= createLogDestination({
    dest: 2,
    sync: false,
    minLength: 2048,
    maxWrite: 4096,
    periodicFlush: 250,
  }));
}

/** Checks each second whether log rotation has moved the file, and then opens it again. Until then lines go to the moved file. */
function reopenWhenMoved(file: string, destination: LogDestination): void {
  let inode = inodeOf(file);
  setInterval(() => {
    const now = inodeOf(file);
    if (now !== undefined && now === inode) return;
    destination.reopen();
    inode = inodeOf(file);
  }, 1000).unref();
}

/** Returns undefined when there is no file, or its folder cannot be entered any more. It must not throw, because it runs in a timer. */
function inodeOf(file: string): number | undefined {
  try {
    return fs.statSync(file).ino;
  } catch {
    return undefined;
  }
}
