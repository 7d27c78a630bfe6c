import fs from 'node:fs';
import path from 'node:path';
import pino, { type DestinationStream, type Logger, type LoggerOptions } from 'pino';
import { createLogDestination, type LogDestination } from './log-destination.js';
import { prettyStream } from './pretty.js';

export interface LogOptions {
  /** auto: pretty when standard error is a terminal. A file is always JSON. */
  readonly logFormat?: 'auto' | 'json' | 'pretty';
  /** Null: standard error; standard output is for what a person reads at start. */
  readonly logFile?: string | null;
  /** Where logFile is; without one, the log is placement.log there. */
  readonly logDir?: string | null;
  /** Standard error as well as a file. */
  readonly useStderr?: boolean;
  /** Open the file again when log rotation has moved it away. */
  readonly watchLogFile?: boolean;
  /** Is given what opens the file again under its name, for log rotation that says when. */
  readonly onFile?: (reopen: () => void) => void;
}

/** The form of every line: docs/reference/log.md. Level names, because a person and a log collector do not know pino's 30. */
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
 * Lines are written in the background, 2 to 4 kB at a time or what there is after a quarter of a second, and what is left when
 * the process ends. A line costs no system call of its own, and none waits for a slow reader. Not more than 4 kB: a pipe
 * that several processes write to keeps that much together.
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

/** Log rotation moves the file away; it is written to under its new name until the next look. */
function reopenWhenMoved(file: string, destination: LogDestination): void {
  let inode = inodeOf(file);
  setInterval(() => {
    const now = inodeOf(file);
    if (now !== undefined && now === inode) return;
    destination.reopen();
    inode = inodeOf(file);
  }, 1000).unref();
}

/** Undefined when there is no file, or its folder cannot be entered any more: in a timer, an exception ends the process. */
function inodeOf(file: string): number | undefined {
  try {
    return fs.statSync(file).ino;
  } catch {
    return undefined;
  }
}
