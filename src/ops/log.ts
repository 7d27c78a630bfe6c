import pino, { type Logger } from 'pino';
import { prettyStream } from './pretty.js';

export type LogFormat = 'auto' | 'json' | 'pretty';

/**
 * The log on standard error; standard output is for what a person reads at start.
 *
 * Lines are written in the background, those that come meanwhile together, and what is left when the process ends. A line
 * that waits for the disk or for a slow reader holds up no request.
 */
export function createLog(level: string, format: LogFormat = 'json'): Logger {
  const options = { level, base: null, timestamp: pino.stdTimeFunctions.isoTime };
  const pretty = format === 'pretty' || (format === 'auto' && process.stderr.isTTY);
  return pretty ? pino(options, prettyStream(process.stderr)) : pino(options, pino.destination({ fd: 2, sync: false }));
}
