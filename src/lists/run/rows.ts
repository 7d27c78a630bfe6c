import type { Pool } from '../../db/pool.js';
import { runStatement, type Transaction } from '../../db/transaction.js';
import { jobRow } from '../../db/scheduler/rows.js';
import { writeTransaction } from '../../db/scheduler/write.js';
import { listRunActive, noSuchListJob, noSuchListRun } from '../../errors.js';
import type { HookEvent, JobSettings, ListFile, ListHook, Run, RunPhase, RunState } from '../model.js';

/** The statements with which clients read and change the rows of list_runs. lease.ts has those of the process that does a run. */

export const RUN_COLUMNS = `
  r.id, r.job, r.due_at, r.reason, r.settings, r.state, r.phase, r.attempt, r.not_before, r.host, r.started_at, r.taken_at,
  r.finished_at, r.rows, r.bytes, r.files, r.manifest_key, r.warnings, r.error, r.removed_at`;

/** A row as the driver returns it. A bigint is a text. */
export interface RunRow {
  readonly id: string;
  readonly job: string;
  readonly due_at: Date;
  readonly reason: Run['reason'];
  readonly settings: JobSettings;
  readonly state: RunState;
  readonly phase: RunPhase | null;
  readonly attempt: number;
  readonly not_before: Date | null;
  readonly host: string | null;
  readonly started_at: Date | null;
  readonly taken_at: Date | null;
  readonly finished_at: Date | null;
  readonly rows: string | null;
  readonly bytes: string | null;
  readonly files: readonly ListFile[];
  readonly manifest_key: string | null;
  readonly warnings: readonly string[];
  readonly error: Run['error'];
  readonly removed_at: Date | null;
}

export function runOf(row: RunRow): Run {
  return {
    id: Number(row.id),
    job: row.job,
    dueAt: row.due_at,
    reason: row.reason,
    settings: row.settings,
    state: row.state,
    phase: row.phase,
    attempt: row.attempt,
    notBefore: row.not_before,
    host: row.host,
    startedAt: row.started_at,
    takenAt: row.taken_at,
    finishedAt: row.finished_at,
    rows: row.rows === null ? null : Number(row.rows),
    bytes: row.bytes === null ? null : Number(row.bytes),
    files: row.files,
    manifestKey: row.manifest_key,
    warnings: row.warnings,
    error: row.error,
    removedAt: row.removed_at,
  };
}

/**
 * Queues a run outside of the schedule. Its due time is the minute of the request, or the next free minute. The path of a list has the
 * minute, so the minute of the next due time is reserved for the schedule.
 *
 * @returns null when a run of the job is queued or in progress
 */
export async function queueRun(
  transaction: Pick<Transaction, 'query'>,
  job: string,
  reason: 'first' | 'request',
): Promise<Run | null> {
  const text = `
    with latest as (
      select greatest(date_trunc('minute', now()), max(due_at) + interval '1 minute') as at from list_runs where job = $1
    )
    insert into list_runs as r (job, due_at, reason, settings, not_before)
    select j.id, case when l.at = j.next_due then l.at + interval '1 minute' else l.at end, $2, j.settings, now()
    from list_jobs j, latest l where j.id = $1
    on conflict do nothing
    returning ${RUN_COLUMNS}`;
  const { rows } = await transaction.query<RunRow>({ name: 'list_queue_run', text, values: [job, reason] });
  return rows[0] === undefined ? null : runOf(rows[0]);
}

/** Queues a run for `POST .../runs`. @throws 404, 409 when a run is queued or in progress */
export function requestRun({ pool }: { readonly pool: Pool }, job: string): Promise<Run> {
  return writeTransaction(pool, { changes: [jobRow(job)] }, async (transaction) => {
    for (;;) {
      const run = await queueRun(transaction, job, 'request');
      if (run !== null) return run;
      const { rows } = await transaction.query<{ job: string; run: string | null; state: string | null }>({
        text: `
          select j.id as job, r.id as run, r.state from list_jobs j
          left join list_runs r on r.job = j.id and r.state in ('queued', 'running')
          where j.id = $1`,
        values: [job],
      });
      const found = rows[0];
      if (found === undefined) throw noSuchListJob(job);
      if (found.run !== null)
        throw listRunActive(job, Number(found.run), found.state === 'queued' ? 'queued' : 'in progress');
      // The run ended between the two statements.
    }
  });
}

/** The runs of a job, the newest first. @param before a run number; only older runs are returned */
export async function listRuns(
  pool: Pool,
  job: string,
  { limit, before }: { limit: number; before: number | null },
): Promise<readonly Run[]> {
  const text = `
    select ${RUN_COLUMNS} from list_runs r
    where r.job = $1 and ($2::bigint is null or r.id < $2) order by r.id desc limit $3`;
  const { rows } = await runStatement<RunRow>(pool, { text, values: [job, before, limit] }, 'read');
  return rows.map(runOf);
}

/** @param run a number, or `latest` for the newest run that succeeded @throws 404 */
export async function getRun({ pool }: { readonly pool: Pool }, job: string, run: string): Promise<Run> {
  const which = run === 'latest' ? `r.state = 'succeeded' order by r.id desc limit 1` : 'r.id = $2';
  const values = run === 'latest' ? [job] : [job, runNumber(job, run)];
  const text = `select ${RUN_COLUMNS} from list_runs r where r.job = $1 and ${which}`;
  const { rows } = await runStatement<RunRow>(pool, { text, values }, 'read');
  if (rows[0] === undefined) throw noSuchListRun(job, run);
  return runOf(rows[0]);
}

/** @throws 404 when the text is not the number of a run. A number that a double cannot hold exactly is not the number of a run. */
function runNumber(job: string, text: string): number {
  if (!/^[1-9]\d{0,14}$/.test(text)) throw noSuchListRun(job, text);
  return Number(text);
}

export interface EndDeps {
  readonly pool: Pool;
  readonly hooks: readonly ListHook[];
}

/** Cancels a run that is queued or in progress. A run that has ended stays as it is. @throws 404 */
export async function cancelRun(deps: EndDeps, job: string, run: string): Promise<Run> {
  const { id } = await getRun(deps, job, run);
  await writeTransaction(deps.pool, { changes: [jobRow(job)] }, async (transaction) => {
    await cancelWhere(transaction, deps.hooks, 'r.id = $1', id);
  });
  return getRun(deps, job, String(id));
}

/** Cancels runs that are queued or in progress. @param where an SQL condition that selects them, with one parameter */
export async function cancelWhere(
  transaction: Pick<Transaction, 'query'>,
  hooks: readonly ListHook[],
  where: string,
  value: unknown,
): Promise<void> {
  const text = `
    update list_runs r set state = 'cancelled', phase = null, finished_at = now(), not_before = null, lease_until = null
    where ${where} and r.state in ('queued', 'running') returning ${RUN_COLUMNS}`;
  const { rows } = await transaction.query<RunRow>({ text, values: [value] });
  for (const row of rows) await addMessages(transaction, hooks, runOf(row), 'cancelled');
}

/** Writes the messages about the end of a run in the transaction that ends it, so that no message is lost. */
export async function addMessages(
  transaction: Pick<Transaction, 'query'>,
  hooks: readonly ListHook[],
  { id, settings }: Pick<Run, 'id' | 'settings'>,
  event: HookEvent,
): Promise<void> {
  const names = hooks.filter((hook) => settings.notify.includes(hook.name) && hook.events.includes(event));
  if (names.length === 0) return;
  const text = 'insert into list_messages (run, hook, event) select $1, unnest($2::text[]), $3';
  await transaction.query({ text, values: [id, names.map(({ name }) => name), event] });
}
