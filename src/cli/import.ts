import type pg from 'pg';
import { UsageError, type CommandLine } from '../config/arguments.js';
import { withoutSecrets } from '../database-url/secrets.js';
import { parseSourceUrl, placeOf, sourceUrlOfConfig, type SourceUrl } from '../config/source-url.js';
import type { Config } from '../config.js';
import { connectDatabase } from '../db/database.js';
import { databaseSchema, migrateDatabase } from '../db/migrate.js';
import { openSource } from '../import/open-source.js';
import { ImportError } from '../import/error.js';
import { revisionOf, type Revision } from '../import/revision.js';
import { readAndValidate, runImport } from '../import/run.js';
import type { Source } from '../import/source.js';
import { holdingsOf, isEmpty, rejection } from '../import/target.js';
import { compare } from '../import/verify.js';
import { complain, warn, type Command } from './command.js';
import { withDatabase, withNewDatabase } from './database.js';
import { importReporter, progressLines, type ImportReporter } from './import-report.js';
import { urlWarnings } from '../config/database-url.js';
import { isSameDatabase, parseDatabaseUrl } from '../database-url/parse.js';
import { newerSchema } from '../db/migrate.js';

export const command: Command = {
  help:
    'Reads one snapshot of the source and writes nothing there; fills the database of the configuration in one transaction.\n' +
    'docs/how-to/import-from-placement.md has the rules for rows that are broken. The report goes to standard output, progress to\n' +
    'standard error.\n\n' +
    'Exit code: 0 done and, where asked for, verified; 1 rejected, failed (nothing was written then), or --verify found differences.',
  async run(loaded, commandLine) {
    const { switches } = commandLine;
    const from = sourceOf(commandLine);
    warn(loaded);
    if (from.dialect === 'postgresql') for (const warning of urlWarnings(from.href)) complain(`--from: ${warning}`);
    const [dryRun, verifyOnly] = [switches.has('dry-run'), switches.has('verify-only')];
    const report = importReporter({ json: switches.has('json') });
    const work = async (connection: string): Promise<number> => {
      const job: Job = { config: loaded.config, from, connection, report };
      rejectSameDatabase(job);
      const done = verifyOnly || (await bringOver(job, { dryRun, replace: switches.has('replace') }));
      const same = verifyOnly || switches.has('verify') ? await verify(job) : true;
      report.end();
      return done && same ? 0 : 1;
    };
    // An import may create the data folder, if the command line names it.
    const make = !dryRun && !verifyOnly && loaded.config.dataDir !== null;
    return make ? withNewDatabase(loaded.config, work) : withDatabase(loaded.config, work);
  },
};

interface Job {
  readonly config: Config;
  readonly from: SourceUrl;
  readonly connection: string;
  readonly report: ImportReporter;
}

function sourceOf({ values, switches }: CommandLine): SourceUrl {
  const [url, file] = [values.get('from'), values.get('from-config')];
  if ((url === undefined) === (file === undefined)) {
    throw new UsageError(
      'Say where to import from, with --from URL or --from-config FILE.\nSee --help for the options.',
    );
  }
  const alone = ['dry-run', 'verify', 'verify-only'].filter((name) => switches.has(name));
  if (alone.length > 1 || (alone[0] === 'verify-only' && switches.has('replace'))) {
    throw new UsageError(
      `--${alone.join(' and --')} cannot be combined${switches.has('replace') ? ' with --replace' : ''}.`,
    );
  }
  return url === undefined ? sourceUrlOfConfig(file ?? '') : parseSourceUrl(url);
}

function rejectSameDatabase({ from, connection }: Job): void {
  const target = parseDatabaseUrl(connection);
  if (from.dialect !== 'postgresql' || target === undefined || !isSameDatabase(from.url, target)) return;
  throw new ImportError(
    `The source and the target are the same database, ${withoutSecrets(connection)}. The target is a database of its own: create an empty ` +
      'one and put its URL in [placement_database] connection.',
  );
}

/** Returns whether the import succeeded or, in a dry run, would succeed. */
async function bringOver(job: Job, { dryRun, replace }: { dryRun: boolean; replace: boolean }): Promise<boolean> {
  let possible = true;
  await inSession(job, async (client, source, revision) => {
    // The same message as at the start of the service.
    const { unknown } = await databaseSchema(job.config, job.connection);
    if (unknown.length > 0) throw newerSchema(unknown);
    if (!dryRun) await migrateDatabase(job.config, job.connection);
    const result = await runImport({ ...optionsOf(job, client, source, revision), replace, dryRun });
    await job.report.imported({ ...describe(job, revision), ...result, dryRun }, client);
    if (!dryRun || replace || result.removed === null || isEmpty(result.removed)) return;
    complain(`An import would be rejected. ${rejection(result.removed)}`);
    possible = false;
  });
  return possible;
}

/** The verification uses its own session and its own snapshot of the source, so it does not trust the import. */
async function verify(job: Job): Promise<boolean> {
  let same = true;
  await inSession(job, async (client, source, revision) => {
    await client.query('begin isolation level repeatable read');
    if ((await holdingsOf(client)) === null) {
      throw new ImportError('The target has no tables yet, so there is nothing to compare with. Import first.');
    }
    await readAndValidate(optionsOf(job, client, source, revision));
    job.report.verifying(describe(job, revision));
    const compared = await compare(client, (difference) => {
      same = false;
      job.report.difference(difference);
    });
    job.report.verified(compared);
    await client.query('commit');
  });
  return same;
}

async function inSession(
  { config, from, connection }: Job,
  work: (client: pg.Client, source: Source, revision: Revision) => Promise<void>,
): Promise<void> {
  const source = await openSource(from);
  try {
    const revision = await revisionOf(source);
    // A statement that writes a million rows needs longer than a statement of a request.
    const client = await connectDatabase({ ...config, statementTimeout: 0 }, connection);
    try {
      await work(client, source, revision);
    } finally {
      await client.end();
    }
  } finally {
    await source.close();
  }
}

function optionsOf({ config }: Job, client: pg.Client, source: Source, revision: Revision) {
  const incompleteConsumer = { projectId: config.incompleteConsumerProjectId, userId: config.incompleteConsumerUserId };
  return { source, revision, client, incompleteConsumer, progress: progressLines(performance.now()) };
}

function describe({ from, connection }: Job, revision: Revision): { source: string; revision: string; target: string } {
  return { source: placeOf(from), revision: revision.name, target: withoutSecrets(connection) };
}
