import fs from 'node:fs';
import { ConfigError, type Config } from '../config.js';

/** A clone has its sources; the package has not. */
const IS_CLONE = fs.existsSync(new URL('../../src', import.meta.url));

/**
 * An installed service with a configuration file and no connection is one whose operator forgot the connection: an embedded,
 * empty database would look to every client like a cloud that has lost all its data.
 *
 * @param asked --embedded
 * @throws ConfigError
 */
export function checkEmbeddedOrConnection(
  { connection, configFiles }: Pick<Config, 'connection' | 'configFiles'>,
  asked: boolean,
  isClone = IS_CLONE,
): void {
  if (connection !== null || configFiles.length === 0 || asked || isClone) return;
  throw new ConfigError(
    `[placement_database] connection is missing in ${configFiles.join(', ')} and in OS_PLACEMENT_DATABASE__CONNECTION. Set it, or ` +
      'start with --embedded for a PostgreSQL of the service itself, which begins empty.',
  );
}
