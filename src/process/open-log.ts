import type { Logger } from 'pino';
import { ConfigError, type Config } from '../config.js';
import { createLog } from '../ops/log.js';

/** @throws ConfigError when the file cannot be written */
export function openLog(config: Config, onFile: (reopen: () => void) => void = () => undefined): Logger {
  const level = config.debug && config.logLevel === 'info' ? 'debug' : config.logLevel;
  try {
    return createLog(level, { ...config, onFile });
  } catch (error) {
    throw new ConfigError(`The log cannot be written ([DEFAULT] log_file, log_dir): ${(error as Error).message}`);
  }
}
