import { connectDatabase } from '../db/database.js';
import { databaseSchema, migrationNames, newerSchema, SchemaError } from '../db/migrate.js';
import { dumpDatabase } from '../dump/dump.js';
import { version } from '../ops/version.js';
import { say, warn, type Command } from './command.js';
import { withDatabase } from './database.js';
import { counted, durationText, terminalProgress } from './terminal-progress.js';
import { sizeText } from '../size-text.js';

export const command: Command = {
  help:
    'Reads one snapshot: what is committed when the command begins is in the file, and the service goes on. The file is gzip, only its owner\n' +
    'can read it, and it has its name when it is whole (FILE.part before). docs/how-to/back-up-and-restore.md has the rest.',
  async run(loaded, _commandLine, [file = '']) {
    warn(loaded);
    // Rows of a large table may take longer than a statement of a request may.
    const config = { ...loaded.config, statementTimeout: 0 };
    const start = performance.now();
    const { migrations, result } = await withDatabase(config, async (connection) => {
      const { newest, pending, unknown } = await databaseSchema(config, connection);
      if (unknown.length > 0) throw newerSchema(unknown);
      if (newest === null) throw new SchemaError('This database has no tables yet, so there is nothing to dump.');
      const migrations = migrationNames().filter((name) => !pending.includes(name));
      const progress = terminalProgress();
      const client = await connectDatabase(config, connection);
      try {
        const origin = { version: version(), migrations };
        return { migrations, result: await dumpDatabase(client, file, origin, progress.show.bind(progress)) };
      } finally {
        progress.clear();
        await client.end();
      }
    });
    const seconds = (performance.now() - start) / 1000;
    say(
      `${file}: ${counted(result.rows)} rows of ${result.tables} tables, ${sizeText(result.bytes)}, in ${durationText(seconds)}. ` +
        `Schema ${migrations.at(-1)?.replace(/\.js$/, '') ?? ''}.`,
    );
    return 0;
  },
};
