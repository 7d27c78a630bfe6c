import type { Config } from '../config.js';
import { connectDatabase } from '../db/database.js';
import { databaseSchema, migrateDatabase, migrationNames, newerSchema } from '../db/migrate.js';
import { DumpError } from '../dump/error.js';
import { checkDump, readDump, type DumpFacts } from '../dump/read.js';
import { restoreDatabase } from '../dump/restore.js';
import { holdingsOf, otherSessions } from '../dump/target.js';
import { version } from '../ops/version.js';
import { say, warn, type Command } from './command.js';
import { withDatabase, withNewDatabase } from './database.js';
import { counted, durationText, terminalProgress } from './terminal-progress.js';

export const command: Command = {
  help:
    'Checks the whole file first, then fills the database in one transaction: a file that is damaged changes nothing. Stop the service\n' +
    'before and start it afterwards. With --data-dir, an embedded database is made there if need be. Cursors of the history from before are\n' +
    'rejected with 410 afterwards. docs/how-to/back-up-and-restore.md has the rest.',
  async run(loaded, { switches }, [file = '']) {
    warn(loaded);
    const config = { ...loaded.config, statementTimeout: 0 };
    const facts = await check(file);
    const { header, rows } = facts;
    say(
      `${file}: ${counted(rows)} rows, made at ${header.made_at} by Stockroom ${header.made_by} from PostgreSQL ${header.server}. ` +
        'Its checksum is right.',
    );
    rejectNewer(file, facts);
    const [dryRun, replace] = [switches.has('dry-run'), switches.has('replace')];
    const work = (connection: string): Promise<number> =>
      restore({ config, connection, file, facts }, { dryRun, replace });
    const make = !dryRun && config.dataDir !== null;
    return make ? withNewDatabase(config, work) : withDatabase(config, work);
  },
};

interface Job {
  readonly config: Config;
  readonly connection: string;
  readonly file: string;
  readonly facts: DumpFacts;
}

async function check(file: string): Promise<DumpFacts> {
  const progress = terminalProgress();
  try {
    return await checkDump(file, progress.show.bind(progress));
  } finally {
    progress.clear();
  }
}

function rejectNewer(file: string, { header }: DumpFacts): void {
  const known = migrationNames();
  const unknown = header.migrations.filter((name) => !known.includes(name));
  if (unknown.length === 0) return;
  throw new DumpError(
    `${file} has a newer schema than this Stockroom ${version()}: it has ${unknown.join(', ')}. Restore it with Stockroom ${header.made_by} ` +
      'or a newer one.',
  );
}

async function restore(job: Job, { dryRun, replace }: { dryRun: boolean; replace: boolean }): Promise<number> {
  const { config, connection, facts, file } = job;
  const start = performance.now();
  const { isEmpty, lacks } = await checkTarget(job, replace);
  if (dryRun) {
    say(`It can be restored${isEmpty ? '' : ', and replaces what the database holds'}. Nothing was written.`);
    return 0;
  }
  if (lacks.length > 0) await migrateDatabase(config, connection, facts.header.migrations);
  const progress = terminalProgress();
  const client = await connectDatabase(config, connection);
  try {
    await restoreDatabase(client, readDump(file), (rows) => {
      progress.show(rows, facts.rows);
    });
    progress.clear();
    // Without ANALYZE the planner would assume that the tables are empty.
    await afterRestore('ANALYZE failed', 'Run `analyze` with psql, then `stockroom db sync`.', () =>
      client.query('analyze'),
    );
  } finally {
    progress.clear();
    await client.end();
  }
  // A dump of an older Stockroom lacks migrations; a dump of this version lacks none.
  await afterRestore('its schema is not up to date', 'Run `stockroom db sync` before you start the service.', () =>
    migrateDatabase(config, connection),
  );
  say(
    `Restored in ${durationText((performance.now() - start) / 1000)}. Start the service. Cursors of the history from before are rejected with 410.`,
  );
  return 0;
}

/** Does a step after the commit. @throws DumpError with the facts that the data is restored and the step is missing, and with the remedy */
async function afterRestore(failure: string, remedy: string, step: () => Promise<unknown>): Promise<void> {
  try {
    await step();
  } catch (error) {
    // knex adds the statement and " - " before the message of an error of a migration.
    const message = (error as Error).message.replace(/^[^]* - /, '');
    throw new DumpError(`The dump was restored, but ${failure}: ${message}. ${remedy}`, { cause: error });
  }
}

interface Target {
  readonly isEmpty: boolean;
  /** Migrations of the dump that the database does not have. */
  readonly lacks: readonly string[];
}

/**
 * Compares the database with the dump and writes nothing. A database that has rows keeps its schema until the transaction of the restore, so
 * that a restore that fails leaves it as it was.
 *
 * @throws DumpError when the dump cannot be restored there
 */
async function checkTarget({ config, connection, facts: { header } }: Job, replace: boolean): Promise<Target> {
  const { newest, pending, unknown } = await databaseSchema(config, connection);
  if (unknown.length > 0) throw newerSchema(unknown);
  if (newest === null) return { isEmpty: true, lacks: header.migrations };
  const done = migrationNames().filter((name) => !pending.includes(name));
  const newer = done.filter((name) => !header.migrations.includes(name));
  if (newer.length > 0) {
    throw new DumpError(
      `The dump has an older schema than this database: the dump lacks ${newer.join(', ')}. Restore into a database without tables (or a new ` +
        "folder with --data-dir): it gets the dump's schema first and is brought up to date afterwards. Nothing was written.",
    );
  }
  const lacks = header.migrations.filter((name) => !done.includes(name));
  const client = await connectDatabase(config, connection);
  try {
    const others = await otherSessions(client);
    if (others.length > 0) {
      throw new DumpError(
        `Stockroom uses this database (${others.length === 1 ? 'session' : 'sessions'} ${others.join(', ')} in pg_stat_activity). Stop the service first; ` +
          'behind a pooler, close its connections, too. Nothing was written.',
      );
    }
    const holdings = await holdingsOf(client);
    if (holdings.length > 0 && !replace) {
      throw new DumpError(
        `The database is not empty: it has rows in ${holdings.map(({ table, rows }) => `${table} (${counted(rows)})`).join(', ')}. Give an empty ` +
          'database, or --replace to remove all of that in the transaction of the restore. Nothing was written.',
      );
    }
    if (holdings.length > 0 && lacks.length > 0) {
      throw new DumpError(
        `The database has an older schema than the dump: it lacks ${lacks.join(', ')}. A restore does not migrate a database that has rows. ` +
          'Run `stockroom db sync` first, or restore into a new database. Nothing was written.',
      );
    }
    return { isEmpty: holdings.length === 0, lacks };
  } finally {
    await client.end();
  }
}
