import { isDeepStrictEqual } from 'node:util';
import type { Config } from '../config.js';
import { workersOf } from './worker-pool.js';

/** Options of the process that an operator starts. A reload cannot change them, because it replaces only the workers. */
const RESTART_ONLY = [
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

/** A configuration that was read again, but with the current values of the options that need a restart; and which of those have changed. */
export function keepRestartOnly(current: Config, next: Config): { config: Config; changed: readonly string[] } {
  const changed: (keyof Config)[] = RESTART_ONLY.filter((key) => !isDeepStrictEqual(current[key], next[key]));
  // Whether there is an embedded database, and whether there are workers at all.
  if ((current.connection === null) !== (next.connection === null)) changed.push('connection');
  if ((workersOf(current) === 1) !== (workersOf(next) === 1)) changed.push('workers');
  const kept = Object.fromEntries(changed.map((key) => [key, current[key]])) as Partial<Config>;
  return { config: { ...next, ...kept }, changed };
}
