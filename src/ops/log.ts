import pino, { type DestinationStream, type Logger } from 'pino';
import { prettyStream } from './pretty.js';

export type LogFormat = 'auto' | 'json' | 'pretty';

/** The log on standard error; standard output is for what a person reads at start. */
export function createLog(level: string, format: LogFormat = 'json'): Logger {
  const pretty = format === 'pretty' || (format === 'auto' && process.stderr.isTTY);
  return pino(
    { level, base: null, timestamp: pino.stdTimeFunctions.isoTime },
    pretty ? prettyStream(process.stderr) : standardError(),
  );
}

let shared: DestinationStream | null = null;

/**
 * Lines are written in the background, 4 kB at a time or what there is after a quarter of a second, and what is left when
 * the process ends. A line costs no system call of its own, and none waits for a slow reader.
 */
function standardError(): DestinationStream {
  return (shared ??= pino.destination({ fd: 2, sync: false, minLength: 4096, periodicFlush: 250 }));
}
