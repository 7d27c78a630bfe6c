import fs from 'node:fs';
import { ConfigError, type Config } from '../config.js';

/** A clone of the repository has sources; the package has none. */
const IS_CLONE = fs.existsSync(new URL('../../src', import.meta.url));

/**
 * Rejects a configuration file without a connection for an installed service, because the operator has forgotten the connection. With an
 * embedded, empty database, clients would see a cloud that has lost all its data.
 *
 * @param asked whether the command line has --embedded
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
