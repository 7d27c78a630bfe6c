import type { Logger } from 'pino';
import type { Config } from '../config.js';
import { checkDatabase, migrateDatabase } from '../db/migrate.js';

/** Brings the schema up to date, or checks that it is: [placement_database] sync_on_startup. No other process migrates the bundled database. */
export async function prepareDatabase(config: Config, connection: string, log: Logger): Promise<void> {
  if (config.connection !== null && !config.syncOnStartup) {
    await checkDatabase(config, connection);
    return;
  }
  const migrations = await migrateDatabase(config, connection);
  if (migrations.length > 0) log.info({ migrations }, 'the database schema has been brought up to date');
}
