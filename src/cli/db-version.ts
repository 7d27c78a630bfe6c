import { databaseVersion } from '../compose.js';
import { say, type Command } from './command.js';
import { withDatabase } from './database.js';

export const dbVersion: Command = {
  name: 'db version',
  summary: 'Print the newest migration that the database has, None when it is empty.',
  async run({ config }) {
    say((await withDatabase(config, (connection) => databaseVersion(config, connection))) ?? 'None');
    return 0;
  },
};
