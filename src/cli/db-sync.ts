import { migrateDatabase } from '../compose.js';
import type { Command } from './command.js';
import { withDatabase } from './database.js';

export const dbSync: Command = {
  name: 'db sync',
  summary: 'Bring the schema of the database up to date.',
  help: 'Makes the tables in an empty database; does nothing when all is done. The database itself must exist. Prints nothing.',
  async run({ config }) {
    await withDatabase(config, (connection) => migrateDatabase(config, connection));
    return 0;
  },
};
