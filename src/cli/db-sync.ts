import { migrateDatabase } from '../db/migrate.js';
import type { Command } from './command.js';
import { withDatabase } from './database.js';

export const command: Command = {
  help: 'Makes the tables in an empty database; does nothing when all is done. The database itself must exist. Prints nothing.',
  async run({ config }) {
    await withDatabase(config, (connection) => migrateDatabase(config, connection));
    return 0;
  },
};
