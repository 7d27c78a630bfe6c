import { setTimeout } from 'node:timers/promises';
import { duckdbTable } from '../../lists/manifest/duckdb-sql.js';
import type { ListBucket } from '../../lists/model.js';
import { listsOptions } from '../../lists/options.js';
import { sizeText } from '../../size-text.js';
import { complain, say, type Command } from '../command.js';
import { withLists, type JobDocument, type ListsAccess, type RunDocument } from './access.js';
import { table } from './text.js';

const EXIT_CODES =
  'Asks the service at --url with the token in OS_TOKEN, otherwise the database of the configuration.\n\n' +
  'Exit code: 0 done; 1 there is no such job, or the run failed; 2 wrong usage; 3 neither the service nor the database could be asked.';

/** `stockroom lists` */
export const list: Command = {
  help: EXIT_CODES,
  run: ({ config }, commandLine) =>
    withLists(config, commandLine, async (lists) => {
      const jobs = await lists.list();
      if (commandLine.switches.has('json')) say(JSON.stringify(jobs, null, 2));
      else if (jobs.length === 0) say('There are no inventory jobs. stockroom lists set ID makes one.');
      else say(table(['ID', 'SCHEDULE', 'BUCKET', 'FORMAT', 'NEXT', 'LAST RUN'], jobs.map(jobRow)));
      return 0;
    }),
};

function jobRow({ id, enabled, schedule, destination, next_run_at: next, last_run: last }: JobDocument): string[] {
  const day = schedule.day === undefined ? '' : ` ${schedule.day}`;
  return [
    id,
    `${schedule.frequency}${day} ${schedule.at}`,
    destination.bucket,
    destination.format,
    enabled ? (next ?? '') : 'disabled',
    last === null ? 'none' : `${last.state} ${last.due_at}`,
  ];
}

/** `stockroom lists show ID` */
export const show: Command = {
  help: `Prints the job as JSON. ${EXIT_CODES}`,
  run: ({ config }, commandLine, [id = '']) =>
    withLists(config, commandLine, async (lists) => {
      if (commandLine.switches.has('sql')) return showSql(lists, id, listsOptions(config).buckets);
      say(JSON.stringify(await lists.show(id), null, 2));
      return 0;
    }),
};

/** The DuckDB statement for the newest list. One uuid begins the names of its files. */
async function showSql(lists: ListsAccess, id: string, buckets: readonly ListBucket[]): Promise<number> {
  const job = await lists.show(id);
  const { files = [], manifest, started_at: startedAt } = await lists.showRun(id, 'latest');
  const [first] = files;
  if (first === undefined || manifest === null) {
    complain(`The newest list of ${id} is empty: it has no files.`);
    return 1;
  }
  if (job.updated_at > (startedAt ?? ''))
    say('-- The job was set again after this list was begun: its columns may be others.');
  const ending = job.destination.format === 'csv' ? 'csv.gz' : 'parquet';
  const allParts = first.key.replace(/(-\d+)?\.(csv\.gz|parquet)$/, `*.${ending}`);
  say(`select * from ${duckdbTable(job, `${locationOf(manifest.bucket, buckets)}/${allParts}`)};`);
  return 0;
}

/** The text before a key: the folder or the URL of the bucket, or its name when this configuration does not have the bucket. */
function locationOf(name: string, buckets: readonly ListBucket[]): string {
  const bucket = buckets.find((one) => one.name === name);
  return bucket?.type === 'folder' ? bucket.path : `s3://${bucket?.bucket ?? name}`;
}

/** `stockroom lists delete ID` */
export const remove: Command = {
  help: `Cancels a run in progress. ${EXIT_CODES}`,
  run: ({ config }, commandLine, [id = '']) =>
    withLists(config, commandLine, async (lists) => {
      const withLists = commandLine.switches.has('with-lists');
      await lists.remove(id, withLists);
      say(`Deleted ${id}${withLists ? '; its lists are removed in the background' : ''}.`);
      return 0;
    }),
};

/** `stockroom lists runs ID` */
export const runs: Command = {
  help: `The newest twenty, the newest first. ${EXIT_CODES}`,
  run: ({ config }, commandLine, [id = '']) =>
    withLists(config, commandLine, async (lists) => {
      const found = await lists.runs(id);
      // `show` throws when there is no such job.
      if (found.length === 0) await lists.show(id);
      if (commandLine.switches.has('json')) say(JSON.stringify(found, null, 2));
      else if (found.length === 0) say(`${id} has no run yet.`);
      else say(table(['RUN', 'STATE', 'REASON', 'DUE', 'ATTEMPT', 'ROWS', 'BYTES', 'ERROR'], found.map(runRow)));
      return 0;
    }),
};

function runRow({ run, state, reason, due_at: due, attempt, rows, bytes, error }: RunDocument): string[] {
  return [
    String(run),
    state,
    reason,
    due,
    String(attempt),
    rows?.toLocaleString('en') ?? '',
    bytes === null ? '' : sizeText(bytes),
    error?.code ?? '',
  ];
}

/** `stockroom lists cancel ID` */
export const cancel: Command = {
  help: EXIT_CODES,
  run: ({ config }, commandLine, [id = '']) =>
    withLists(config, commandLine, async (lists) => {
      await lists.show(id);
      const active = (await lists.runs(id)).find(({ state }) => state === 'queued' || state === 'running');
      if (active === undefined) {
        complain(`No run of ${id} is queued or in progress.`);
        return 1;
      }
      const { state } = await lists.cancel(id, active.run);
      say(`Run ${active.run} of ${id}: ${state}.`);
      return state === 'cancelled' ? 0 : 1;
    }),
};

/** `stockroom lists run ID` */
export const run: Command = {
  help:
    'A service, or `stockroom lists work`, does the run. --wait shows how far it is on a terminal, and ends when the run does or an attempt of it fails. ' +
    EXIT_CODES,
  run: ({ config }, commandLine, [id = '']) =>
    withLists(config, commandLine, async (lists) => {
      const queued = await lists.run(id);
      if (commandLine.switches.has('wait')) return wait(lists, queued);
      say(`Run ${queued.run} of ${id} is queued.`);
      return 0;
    }),
};

const LOOK_MS = 500;
const PATIENCE_MS = 15_000;

async function wait(lists: ListsAccess, { run: number, list: id }: RunDocument): Promise<number> {
  const began = performance.now();
  let isToldOff = false;
  // The newest list has about as many rows as this one will have.
  const expected = await lists.showRun(id, 'latest').then(
    ({ rows }) => rows,
    () => null,
  );
  for (;;) {
    const now = await lists.showRun(id, number);
    progress(now, expected, began);
    if (now.state === 'succeeded') {
      ended();
      say(
        `Run ${number} of ${id} succeeded: ${(now.rows ?? 0).toLocaleString('en')} rows, ${now.parts ?? 0} parts, ${sizeText(now.bytes ?? 0)}.`,
      );
      if (now.manifest !== null) say(`${now.manifest.bucket}: ${now.manifest.key}`);
      return 0;
    }
    if (now.state === 'failed' || now.state === 'cancelled' || now.error?.retry_at != null) {
      ended();
      const why = now.error === null ? '' : `: ${now.error.code}: ${now.error.message}`;
      const again = now.error?.retry_at == null ? '' : ` The next attempt begins at ${now.error.retry_at}.`;
      complain(`Run ${number} of ${id} ${now.state === 'queued' ? 'failed' : now.state}${why}${again}`);
      return 1;
    }
    if (!isToldOff && now.state === 'queued' && performance.now() - began > PATIENCE_MS) {
      isToldOff = true;
      complain('No process has begun the run yet. Does the service run, or stockroom lists work?');
    }
    await setTimeout(LOOK_MS);
  }
}

function progress({ state, phase, rows }: RunDocument, expected: number | null, began: number): void {
  if (!process.stderr.isTTY) return;
  const share = rows === null || expected === null || expected === 0 ? null : Math.min(rows / expected, 1);
  const left =
    share === null || share === 0
      ? ''
      : `, ${Math.ceil(((performance.now() - began) / 1000) * (1 / share - 1))} s left`;
  const percent = share === null ? '' : ` (${Math.floor(share * 100)} %${phase === 'reading' ? left : ''})`;
  const count = rows === null ? '' : `, ${rows.toLocaleString('en')} rows${percent}`;
  process.stderr.write(`\r\u001b[K${phase ?? state}${count}`);
}

function ended(): void {
  if (process.stderr.isTTY) process.stderr.write('\r\u001b[K');
}
