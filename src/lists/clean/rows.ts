import type { Pool } from '../../db/pool.js';
import { runStatement } from '../../db/transaction.js';
import type { Run } from '../model.js';
import { RUN_COLUMNS, runOf, type RunRow } from '../run/rows.js';

/** The rows from which the cleaner knows the objects, because it never lists a bucket. */

/** The objects that an attempt may have left in a bucket. */
export interface Leftover {
  readonly attempt: number;
  readonly uuid: string;
  /** The beginning of the keys, without the root of the bucket. */
  readonly base: string;
  readonly host: string;
  /** Number of parts that were sent. The bucket may have one more. */
  readonly parts: number;
  readonly cleaned: boolean;
}

/** A run with what its attempts left in one bucket. */
export interface Cleanable {
  readonly run: Run;
  readonly bucket: string;
  /** The bytes that manifest.json should have; null when the run did not succeed. */
  readonly manifest: string | null;
  readonly attempts: readonly Leftover[];
}

/** The scope of a cleaner: buckets that every process reaches, or folders that only this machine has. */
export interface Reach {
  readonly buckets: readonly string[];
  /** Null for any machine. */
  readonly host: string | null;
}

interface CleanableRow extends RunRow {
  readonly bucket: string;
  readonly manifest: string | null;
  readonly attempts: readonly Leftover[];
}

const ATTEMPTS = `
  (select min(a.bucket) from list_attempts a where a.run = r.id) as bucket,
  (select jsonb_agg(jsonb_build_object('attempt', a.attempt, 'uuid', a.uuid, 'base', a.base, 'host', a.host, 'parts', a.parts,
      'cleaned', a.cleaned_at is not null) order by a.attempt)
   from list_attempts a where a.run = r.id) as attempts`;

const IN_REACH = `a.run = r.id and a.bucket = any($1) and ($2::text is null or a.host = $2)`;
const BATCH = 100;

function cleanableOf(row: CleanableRow): Cleanable {
  return { run: runOf(row), bucket: row.bucket, manifest: row.manifest, attempts: row.attempts };
}

/** Runs that ended at least `quiet` seconds ago and may have left objects. */
export async function leftoverRuns(pool: Pool, { buckets, host }: Reach, quiet: number): Promise<readonly Cleanable[]> {
  const text = `
    select ${RUN_COLUMNS}, r.manifest, ${ATTEMPTS} from list_runs r
    where r.state not in ('queued', 'running') and r.finished_at < now() - make_interval(secs => $3)
      and (r.clean_after is null or r.clean_after <= now())
      and exists (select from list_attempts a where a.cleaned_at is null and ${IN_REACH})
    order by r.id limit ${BATCH}`;
  const { rows } = await runStatement<CleanableRow>(pool, { text, values: [buckets, host, quiet] }, 'read');
  return rows.map(cleanableOf);
}

/** Lists that are older than `keep_days` of their job, but never the newest of a job. Also lists that are to be removed with their deleted job. */
export async function outdatedRuns(pool: Pool, { buckets, host }: Reach): Promise<readonly Cleanable[]> {
  const text = `
    select ${RUN_COLUMNS}, r.manifest, ${ATTEMPTS} from list_runs r left join list_jobs j on j.id = r.job
    where r.state = 'succeeded' and r.removed_at is null and (r.clean_after is null or r.clean_after <= now())
      and (r.remove or (
        r.due_at < now() - make_interval(days => (j.settings->>'keep_days')::integer)
        and r.id <> (select max(n.id) from list_runs n where n.job = r.job and n.state = 'succeeded')
      ))
      and exists (select from list_attempts a where a.attempt = r.attempt and ${IN_REACH})
    order by r.id limit ${BATCH}`;
  const { rows } = await runStatement<CleanableRow>(pool, { text, values: [buckets, host] }, 'read');
  return rows.map(cleanableOf);
}

export async function markCleaned(pool: Pool, run: number, attempts: readonly number[]): Promise<void> {
  const text = 'update list_attempts set cleaned_at = now() where run = $1 and attempt = any($2)';
  await runStatement(pool, { text, values: [run, attempts] }, 'write');
}

export async function markRemoved(pool: Pool, run: number): Promise<void> {
  const text = 'update list_runs set removed_at = now(), clean_after = null, clean_failures = 0 where id = $1';
  await runStatement(pool, { text, values: [run] }, 'write');
}

/** Sets the time of the next attempt: in a day after a rejection, for a week and with a warning on the run; in an hour for an unavailable bucket. */
export async function markFailed(pool: Pool, run: number, rejected: boolean, warning: string): Promise<void> {
  const text = rejected
    ? `update list_runs set clean_failures = clean_failures + 1,
         clean_after = case when clean_failures < 6 then now() + interval '1 day' else 'infinity' end,
         warnings = case when warnings ? $2 then warnings else warnings || to_jsonb($2::text) end
       where id = $1`
    : `update list_runs set clean_after = now() + interval '1 hour' where id = $1`;
  await runStatement(pool, { text, values: rejected ? [run, warning] : [run] }, 'write');
}

/** Deletes the rows of runs that are older than 400 days and whose lists were removed. */
export async function forgetRuns(pool: Pool): Promise<void> {
  const text = `
    delete from list_runs r
    where r.queued_at < now() - interval '400 days' and r.state not in ('queued', 'running')
      and (r.state <> 'succeeded' or r.removed_at is not null)
      and not exists (select from list_attempts a where a.run = r.id and a.cleaned_at is null)`;
  await runStatement(pool, { text }, 'write');
}

/** Takes or renews a lock for `seconds`. Returns false while another process has it. */
export async function holdLock(pool: Pool, name: string, holder: string, seconds: number): Promise<boolean> {
  const text = `
    insert into list_locks as l (name, holder, until) values ($1, $2, now() + make_interval(secs => $3))
    on conflict (name) do update set holder = excluded.holder, until = excluded.until where l.until < now() or l.holder = $2`;
  const { rowCount } = await runStatement(pool, { text, values: [name, holder, seconds] }, 'write');
  return rowCount === 1;
}
