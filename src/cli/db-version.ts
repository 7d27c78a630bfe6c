import { databaseVersion } from '../db/migrate.js';
import { say, type Command } from './command.js';
import { withDatabase } from './database.js';

export const command: Command = {
  async run({ config }) {
    say((await withDatabase(config, (connection) => databaseVersion(config, connection))) ?? 'None');
    return 0;
  },
};
