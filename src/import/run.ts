import type pg from 'pg';
import { transform, type IncompleteConsumer } from './transform.js';
import { ImportError } from './error.js';
import type { Revision } from './revision.js';
import type { Source } from './source.js';
import { stage } from './stage.js';
import { emptyTarget, holdingsOf, isEmpty, lockTarget, rejection, type Holdings } from './target.js';
import { write } from './write.js';
import { BEGIN } from '../db/session.js';
import { settingAuthor } from '../history/set-author.js';

export interface ImportOptions {
  readonly source: Source;
  readonly revision: Revision;
  /** A session of the target. Its temporary tables keep the rows of the source and the findings, for the report. */
  readonly client: pg.ClientBase;
  readonly incompleteConsumer: IncompleteConsumer;
  /** Whether the import removes the rows of the target. */
  readonly replace: boolean;
  /** Whether the import only reads and transforms everything, and writes nothing. */
  readonly dryRun: boolean;
  /** Called with the step (`read allocations`), the rows so far, and whether the step is done. */
  readonly progress: (step: string, rows: number, done: boolean) => void;
}

export interface ImportResult {
  /** The number of rows of the source, by table. */
  readonly read: Readonly<Record<string, number>>;
  /** The rows that the import removed from the target; null when it was empty. */
  readonly removed: Holdings | null;
  /** The number of rows written, by kind; null in a dry run. */
  readonly written: Readonly<Record<string, number>> | null;
}

/**
 * Imports a source in one transaction. It reads the source before it locks the target, so writers wait only for the writing.
 *
 * @throws ImportError when the target is not empty and is not to be replaced, or the source cannot be read
 */
export async function runImport(options: ImportOptions): Promise<ImportResult> {
  const { client, replace, dryRun } = options;
  // This is checked here, so that an operator does not wait for a million rows, and again after the lock was taken.
  if (!replace && !dryRun) await rejectNonEmptyTarget(client);
  await client.query(BEGIN);
  const read = await readAndValidate(options);
  if (dryRun) {
    await client.query('commit'); // commits only temporary tables
    return { read, removed: await holdingsOf(client), written: null };
  }
  await lockTarget(client);
  await client.query(settingAuthor({ command: 'stockroom import' }).before);
  const removed = replace ? await holdingsOf(client) : await rejectNonEmptyTarget(client);
  if (removed !== null && !isEmpty(removed)) {
    await emptyTarget(client);
    options.progress('emptied the target', 0, true);
  }
  const written = await write(client, (kind, rows) => {
    options.progress(`wrote ${kind}`, rows, true);
  });
  await client.query('commit');
  return { read, removed: removed !== null && isEmpty(removed) ? null : removed, written };
}

/** Fills the temporary tables. Returns the number of rows read from each table. */
export async function readAndValidate({
  source,
  revision,
  client,
  incompleteConsumer,
  progress,
}: Pick<ImportOptions, 'source' | 'revision' | 'client' | 'incompleteConsumer' | 'progress'>): Promise<
  Record<string, number>
> {
  const read: Record<string, number> = {};
  await stage(source, revision, client, (table, rows, done) => {
    read[table] = rows;
    progress(`read ${table}`, rows, done);
  });
  await transform(client, incompleteConsumer);
  progress('transformed all rows', 0, true);
  return read;
}

async function rejectNonEmptyTarget(client: pg.ClientBase): Promise<null> {
  const holdings = await holdingsOf(client);
  if (holdings !== null && !isEmpty(holdings)) throw new ImportError(rejection(holdings));
  return null;
}
