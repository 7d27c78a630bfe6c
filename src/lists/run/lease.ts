import type { Pool } from '../../db/pool.js';
import { runStatement, withTransaction } from '../../db/transaction.js';
import type { ListFile, Run, RunPhase } from '../model.js';
import { addMessages, RUN_COLUMNS, runOf, type EndDeps, type RunRow } from './rows.js';

/**
 * The statements of the process that does a run. Each statement has the condition that the run is still in this attempt and in progress.
 * When a process was paused for longer than its lease, and the run was taken over or cancelled meanwhile, the statements write nothing.
 */

/** A run that belongs to this process for as long as it renews the lease. */
export interface LeasedRun {
  readonly run: Run;
  /** Seconds. */
  readonly lease: number;
}

/** In hours. Retries end so long after the run was queued, or earlier at the next due time. */
const RETRY_HOURS = 24;

/** Takes the oldest run that waits, or whose process has not renewed its lease. Returns null when there is none. */
export async function claimRun(
  pool: Pool,
  { worker, host, lease }: { worker: string; host: string; lease: number },
): Promise<LeasedRun | null> {
  const text = `
    update list_runs r
    set state = 'running', phase = 'reading', attempt = r.attempt + 1, worker = $1, host = $2, not_before = null,
      lease_until = now() + make_interval(secs => $3), started_at = now(), taken_at = null, rows = null, bytes = null
    where r.id = (
      select id from list_runs
      where (state = 'queued' and not_before <= now()) or (state = 'running' and lease_until < now())
      order by due_at, id limit 1 for update skip locked
    )
    returning ${RUN_COLUMNS}`;
  const { rows } = await runStatement<RunRow>(
    pool,
    { name: 'list_claim', text, values: [worker, host, lease] },
    'write',
  );
  return rows[0] === undefined ? null : { run: runOf(rows[0]), lease };
}

const HELD = `where r.id = $1 and r.attempt = $2 and r.state = 'running'`;

/** Renews the lease, and writes the progress of the run. Returns false when the run was taken over or cancelled. */
export async function renewLease(
  pool: Pool,
  { run, lease }: LeasedRun,
  { rows = null, phase = null }: { rows?: number | null; phase?: RunPhase | null } = {},
): Promise<boolean> {
  const text = `
    update list_runs r set lease_until = now() + make_interval(secs => $3), rows = coalesce($4, r.rows), phase = coalesce($5, r.phase)
    ${HELD}`;
  const values = [run.id, run.attempt, lease, rows, phase];
  const { rowCount } = await runStatement(pool, { name: 'list_renew', text, values }, 'write');
  return rowCount === 1;
}

export interface Upload {
  readonly uuid: string;
  /** The beginning of the keys, without the root of the bucket: `PREFIX/SOURCE/JOB`. */
  readonly base: string;
  readonly takenAt: Date;
  readonly rows: number;
  readonly warnings: readonly string[];
}

/** Records the objects that an attempt will write to its bucket, before the first part is sent. Returns false like {@link renewLease}. */
export async function startUpload(pool: Pool, { run, lease }: LeasedRun, upload: Upload): Promise<boolean> {
  const text = `
    with held as (
      update list_runs r set phase = 'uploading', taken_at = $4, rows = $5, warnings = $6, lease_until = now() + make_interval(secs => $3)
      ${HELD} returning r.id, r.attempt, r.host
    )
    insert into list_attempts (run, attempt, uuid, bucket, base, host)
    select id, attempt, $7, $8, $9, host from held`;
  const { uuid, base, takenAt, rows, warnings } = upload;
  const values = [
    ...[run.id, run.attempt, lease, takenAt, rows, JSON.stringify(warnings)],
    ...[uuid, run.settings.destination.bucket, base],
  ];
  const { rowCount } = await runStatement(pool, { text, values }, 'write');
  return rowCount === 1;
}

/** Counts a part that was sent. Returns false like {@link renewLease}. */
export async function partSent(pool: Pool, { run, lease }: LeasedRun): Promise<boolean> {
  const text = `
    with held as (
      update list_runs r set lease_until = now() + make_interval(secs => $3) ${HELD} returning r.id, r.attempt
    )
    update list_attempts a set parts = a.parts + 1 from held where (a.run, a.attempt) = (held.id, held.attempt)`;
  const { rowCount } = await runStatement(pool, { text, values: [run.id, run.attempt, lease] }, 'write');
  return rowCount === 1;
}

export interface Published {
  readonly files: readonly ListFile[];
  readonly bytes: number;
  readonly manifest: string;
  readonly manifestKey: string;
}

/** Ends a run whose manifest.checksum is in the bucket. Returns false like {@link renewLease}. */
export function succeed({ pool, hooks }: EndDeps, { run }: LeasedRun, published: Published): Promise<boolean> {
  return withTransaction(pool, async (transaction) => {
    const text = `
      update list_runs r set state = 'succeeded', phase = null, lease_until = null, finished_at = now(), error = null,
        files = $3, bytes = $4, manifest = $5, manifest_key = $6
      ${HELD}`;
    const { files, bytes, manifest, manifestKey } = published;
    const values = [run.id, run.attempt, JSON.stringify(files), bytes, manifest, manifestKey];
    const { rowCount } = await transaction.query({ text, values });
    if (rowCount === 0) return false;
    // When no other attempt has begun to upload, the cleaner has nothing to remove.
    const clean = `
      update list_attempts a set cleaned_at = now()
      where a.run = $1 and not exists (select from list_attempts o where o.run = $1 and o.attempt <> a.attempt)`;
    await transaction.query({ text: clean, values: [run.id] });
    await addMessages(transaction, hooks, run, 'succeeded');
    return true;
  });
}

/**
 * Ends an attempt that failed. The run then waits for its next attempt, or has failed when that would come after {@link RETRY_HOURS}.
 *
 * @param delay seconds until the next attempt
 * @returns the run after the update; null when it was taken over or cancelled
 */
export function failAttempt(
  { pool, hooks }: EndDeps,
  { run }: LeasedRun,
  error: { readonly code: string; readonly message: string },
  delay: number,
): Promise<Run | null> {
  return withTransaction(pool, async (transaction) => {
    const text = `
      update list_runs r set phase = null, lease_until = null, error = $3,
        state = case when give_up then 'failed' else 'queued' end,
        finished_at = case when give_up then now() end,
        not_before = case when give_up then null else now() + make_interval(secs => $4) end
      from (
        select id as over_id, now() + make_interval(secs => $4) > queued_at + interval '${RETRY_HOURS} hours' as give_up
        from list_runs where id = $1
      ) o
      ${HELD} and r.id = o.over_id returning ${RUN_COLUMNS}`;
    const { rows } = await transaction.query<RunRow>({ text, values: [run.id, run.attempt, error, delay] });
    if (rows[0] === undefined) return null;
    const ended = runOf(rows[0]);
    if (ended.state === 'failed') await addMessages(transaction, hooks, ended, 'failed');
    return ended;
  });
}

/** Gives back a run that this process cannot finish because it ends. Any process may claim the run at once. */
export async function giveBack(pool: Pool, { run }: LeasedRun): Promise<void> {
  const text = `
    update list_runs r set state = 'queued', phase = null, lease_until = null, not_before = now(), rows = null ${HELD}`;
  await runStatement(pool, { text, values: [run.id, run.attempt] }, 'write');
}
