import { isDeepStrictEqual } from 'node:util';
import type { Config } from '../../config.js';
import { workersOf } from './workers.js';

/** What belongs to the process that was started, and not to those who answer. */
const FIXED = [
  'host',
  'port',
  'adminHost',
  'adminPort',
  'listsS3Host',
  'listsS3Port',
  'dataDir',
  'logFile',
  'logDir',
  'logFormat',
  'useStderr',
  'watchLogFile',
] as const satisfies readonly (keyof Config)[];

/** A configuration that was read again, with what only a restart can change as it is. Answers the names of what that was. */
export function withFixedOptions(current: Config, next: Config): { config: Config; fixed: readonly string[] } {
  const fixed: (keyof Config)[] = FIXED.filter((key) => !isDeepStrictEqual(current[key], next[key]));
  // Whether there is an embedded database, and whether there are workers at all.
  if ((current.connection === null) !== (next.connection === null)) fixed.push('connection');
  if ((workersOf(current) === 1) !== (workersOf(next) === 1)) fixed.push('workers');
  const kept = Object.fromEntries(fixed.map((key) => [key, current[key]])) as Partial<Config>;
  return { config: { ...next, ...kept }, fixed };
}
