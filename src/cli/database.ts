import fs from 'node:fs';
import path from 'node:path';
import { ConfigError, type Config } from '../config.js';
import { startEmbedded } from '../db/embedded.js';
import { defaultDataDir } from '../ops/process.js';

/** Calls `use` with the database of the configuration: that of `connection`, or an embedded one that was used before. */
export async function withDatabase<T>(config: Config, use: (connection: string) => Promise<T>): Promise<T> {
  if (config.connection !== null) return use(config.connection);
  const dataDir = config.dataDir ?? defaultDataDir();
  // Otherwise an operator who forgot the configuration would see a new, empty database.
  if (!fs.existsSync(path.join(dataDir, 'postgresql'))) {
    throw new ConfigError(
      `[placement_database] connection is missing, and there is no embedded database in ${dataDir}. Name a configuration ` +
        'file with --config-file, or set OS_PLACEMENT_DATABASE__CONNECTION.',
    );
  }
  return withNewDatabase(config, use);
}

/** Does the same, but creates an embedded database if there is none. */
export async function withNewDatabase<T>(config: Config, use: (connection: string) => Promise<T>): Promise<T> {
  if (config.connection !== null) return use(config.connection);
  const database = await startEmbedded({ dataDir: config.dataDir ?? defaultDataDir() });
  try {
    return await use(database.connectionString);
  } finally {
    await database.stop();
  }
}
