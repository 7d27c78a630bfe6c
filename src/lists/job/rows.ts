import type { Pool } from '../../db/pool.js';
import { runStatement, type Transaction } from '../../db/transaction.js';
import { jobRow } from '../../db/scheduler/rows.js';
import { writeTransaction } from '../../db/scheduler/write.js';
import { listJobExists, noSuchListJob, tooManyListJobs } from '../../errors.js';
import type { Job, JobSettings } from '../model.js';
import { cancelWhere, queueRun, RUN_COLUMNS, runOf, type EndDeps, type RunRow } from '../run/rows.js';
import { nextDue } from './schedule.js';

/** The rows of list_jobs. */

const MAX_JOBS = 1000;

const JOB_COLUMNS = 'j.id as job_id, j.settings as job_settings, j.next_due, j.revision, j.created_at, j.updated_at';

/** A job with its newest run beside it. */
type JoinedRow = (RunRow | { readonly id: null }) & {
  readonly job_id: string;
  readonly job_settings: JobSettings;
  readonly next_due: Date | null;
  readonly revision: number;
  readonly created_at: Date;
  readonly updated_at: Date;
};

function jobOf(row: JoinedRow): Job {
  return {
    id: row.job_id,
    settings: row.job_settings,
    nextDue: row.next_due,
    revision: row.revision,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
    lastRun: row.id === null ? null : runOf(row),
  };
}

const SELECT = `
  select ${JOB_COLUMNS}, ${RUN_COLUMNS} from list_jobs j
  left join lateral (select * from list_runs r where r.job = j.id order by r.id desc limit 1) r on true`;

/** @throws 404 */
export async function getJob({ pool }: { readonly pool: Pool }, id: string): Promise<Job> {
  const { rows } = await runStatement<JoinedRow>(pool, { text: `${SELECT} where j.id = $1`, values: [id] }, 'read');
  if (rows[0] === undefined) throw noSuchListJob(id);
  return jobOf(rows[0]);
}

/** Jobs in the order of the bytes of their ids. `next` is the value of `after` for the next page, null at the end. */
export async function listJobs(
  { pool }: { readonly pool: Pool },
  { after, limit }: { after: string | null; limit: number },
): Promise<{ jobs: readonly Job[]; next: string | null }> {
  const text = `${SELECT} where $1::text is null or j.id > $1 order by j.id limit $2`;
  const { rows } = await runStatement<JoinedRow>(pool, { text, values: [after, limit + 1] }, 'read');
  const jobs = rows.slice(0, limit).map(jobOf);
  return { jobs, next: rows.length > limit ? (jobs.at(-1)?.id ?? null) : null };
}

export interface SetOptions {
  /** Reject when the job exists. */
  readonly onlyNew?: boolean;
  /** The user that sets the job, for list_jobs.created_by. */
  readonly by?: Readonly<Record<string, string | null>>;
}

/**
 * Sets a job, and replaces a job with that id. A job that is new or becomes enabled gets a run at once. The next due time is computed
 * again.
 *
 * @throws 400 when there are {@link MAX_JOBS} other jobs; 409 with `onlyNew` when the job exists
 */
export async function setJob(
  deps: { readonly pool: Pool },
  id: string,
  settings: JobSettings,
  options: SetOptions = {},
): Promise<{ job: Job; created: boolean }> {
  const created = await writeTransaction(deps.pool, { changes: [jobRow(id)] }, async (transaction) => {
    for (;;) {
      const done =
        (await updateJob(transaction, id, settings, options)) ?? (await insertJob(transaction, id, settings, options));
      if (done !== null) return done === 'created';
      // Another client has set the job between the two statements.
    }
  });
  return { job: await getJob(deps, id), created };
}

/** Null when there is no such job. */
async function updateJob(
  transaction: Transaction,
  id: string,
  settings: JobSettings,
  { onlyNew = false }: SetOptions,
): Promise<'updated' | null> {
  const { rows } = await transaction.query<{ enabled: boolean; now: Date }>({
    text: 'select enabled, now() as now from list_jobs where id = $1 for update',
    values: [id],
  });
  const found = rows[0];
  if (found === undefined) return null;
  if (onlyNew) throw listJobExists(id);
  // When the due time has come and no process has queued its run yet, the job keeps this due time unless its schedule changes.
  const text = `
    update list_jobs set settings = $2, enabled = $3, revision = revision + 1, updated_at = now(),
      next_due = case when $3 and next_due <= now() and settings->'schedule' = $2::jsonb->'schedule' then next_due else $4 end
    where id = $1`;
  await transaction.query({ text, values: [id, settings, settings.enabled, dueOf(settings, found.now)] });
  if (settings.enabled && !found.enabled) await queueRun(transaction, id, 'first');
  return 'updated';
}

/** Null when another client has inserted the job meanwhile. */
async function insertJob(
  transaction: Transaction,
  id: string,
  settings: JobSettings,
  { by }: SetOptions,
): Promise<'created' | null> {
  // Clients that set new jobs wait for this lock. Without it, two clients could both count 999 jobs.
  await transaction.query({ text: "select from list_locks where name = 'jobs' for update" });
  const { rows } = await transaction.query<{ count: number; now: Date }>({
    text: 'select count(*)::integer as count, now() as now from list_jobs where id <> $1',
    values: [id],
  });
  const { count = 0, now = new Date() } = rows[0] ?? {};
  const text = `
    insert into list_jobs (id, settings, enabled, next_due, created_by)
    select $1, $2, $3, $4, $5 where $6 < ${MAX_JOBS} on conflict do nothing`;
  const values = [id, settings, settings.enabled, dueOf(settings, now), by ?? null, count];
  const { rowCount } = await transaction.query({ text, values });
  if (rowCount === 0) {
    if (count >= MAX_JOBS) throw tooManyListJobs(MAX_JOBS);
    return null;
  }
  if (settings.enabled) await queueRun(transaction, id, 'first');
  return 'created';
}

function dueOf(settings: JobSettings, now: Date): Date | null {
  return settings.enabled ? nextDue(settings.schedule, now) : null;
}

/**
 * Deletes a job and cancels its run. Lists that were written stay, unless `withLists`: then the cleaner removes them.
 *
 * @throws 404
 */
export async function deleteJob(deps: EndDeps, id: string, { withLists = false } = {}): Promise<void> {
  await writeTransaction(deps.pool, { changes: [jobRow(id)] }, async (transaction) => {
    const { rowCount } = await transaction.query({ text: 'delete from list_jobs where id = $1', values: [id] });
    if (rowCount === 0) throw noSuchListJob(id);
    await cancelWhere(transaction, deps.hooks, 'r.job = $1', id);
    if (!withLists) return;
    const text = `update list_runs set remove = true where job = $1 and state = 'succeeded' and removed_at is null`;
    await transaction.query({ text, values: [id] });
  });
}
